import decodeQR from "qr/decode.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../language";

/** So often the picture is looked at: a cheap tablet needs some 50 ms for it. */
const EVERY_MS = 120;
/** The side of the square that is looked at, pixels: a code of 45 modules has ten each. */
const SIDE = 640;

interface Props {
  onRead: (text: string) => void;
  onStop: () => void;
}

/** The camera, until it has read a code. */
export function Scanner({ onRead, onStop }: Props) {
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);

  useEffect(() => {
    let stream: MediaStream | null = null;
    let timer = 0;
    let over = false;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const context = canvas.getContext("2d", { willReadFrequently: true });

    function look(): void {
      const text = video.current && context ? read(video.current, context) : null;
      if (over) return;
      if (text === null) timer = window.setTimeout(look, EVERY_MS);
      else onRead(text);
    }

    open().then(
      (opened) => {
        stream = opened;
        if (over || !video.current) return stop(opened);
        video.current.srcObject = opened;
        void video.current.play().then(look, () => setFailed(true));
      },
      () => setFailed(true),
    );
    return () => {
      over = true;
      clearTimeout(timer);
      if (stream) stop(stream);
    };
  }, []);

  return (
    <section class="scanner">
      {failed ? (
        <p class="refusal" role="alert">
          {t("gate.no_camera")}
        </p>
      ) : (
        <>
          <video ref={video} muted playsInline aria-label={t("gate.aim")} />
          <p>{t("gate.aim")}</p>
        </>
      )}
      <button type="button" onClick={onStop}>
        {t("gate.stop")}
      </button>
    </section>
  );
}

/** Without https there is no camera: `mediaDevices` is missing then. */
async function open(): Promise<MediaStream> {
  return navigator.mediaDevices.getUserMedia({
    video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
  });
}

const stop = (stream: MediaStream): void => stream.getTracks().forEach((track) => track.stop());

/** The text of a code in the middle of the picture, null where none is seen. */
function read(video: HTMLVideoElement, context: CanvasRenderingContext2D): string | null {
  const side = Math.min(video.videoWidth, video.videoHeight);
  if (side === 0) return null;
  const left = (video.videoWidth - side) / 2;
  const top = (video.videoHeight - side) / 2;
  context.drawImage(video, left, top, side, side, 0, 0, SIDE, SIDE);
  try {
    return decodeQR(context.getImageData(0, 0, SIDE, SIDE));
  } catch {
    return null; // most pictures hold no code
  }
}
