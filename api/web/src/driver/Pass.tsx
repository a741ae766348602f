import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { clockTime, instant } from "../time";
import type { DriverView } from "../types";
import { getPass, type Pass } from "./api";
import { Sheet } from "./Sheet";
import { code } from "./view";

const KEPT = `flowctl.pass.${code}`;
const RENEW_MS = 10 * 60_000;
/** White around the code that a camera needs to find it, modules (ISO/IEC 18004). */
const QUIET = 4;
/** Stages in which the truck is still to pass the gate. */
const BEFORE_THE_LANE: readonly DriverView["state"][] = [
  "registered",
  "staged",
  "released",
  "queued",
];

export function QrCode({ path, size }: { path: string; size: number }) {
  const side = size + 2 * QUIET;
  return (
    <svg
      class="qr"
      role="img"
      aria-label="QR"
      viewBox={`${-QUIET} ${-QUIET} ${side} ${side}`}
      shape-rendering="crispEdges"
    >
      <path d={path} fill="#000" />
    </svg>
  );
}

/** The newest pass, also without a network; a pass of another slot is none. */
function usePass(slot: string | undefined): Pass | null {
  const [pass, setPass] = useState<Pass | null>(() => {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null") as (Pass & { of: string }) | null;
    return found?.of === slot ? found : null;
  });
  useEffect(() => {
    if (slot === undefined) return undefined;
    const renew = (): void => {
      getPass(code).then(
        (given) => {
          setPass(given);
          localStorage.setItem(KEPT, JSON.stringify({ ...given, of: slot }));
        },
        () => undefined, // the one that is kept stays
      );
    };
    renew();
    const timer = setInterval(renew, RENEW_MS);
    addEventListener("online", renew);
    return () => {
      clearInterval(timer);
      removeEventListener("online", renew);
    };
  }, [slot]);
  return pass;
}

/** Keep the screen lit while an officer's camera looks at it. */
function useLight(): void {
  useEffect(() => {
    const lock = navigator.wakeLock?.request("screen").catch(() => undefined);
    return () => void lock?.then((held) => held?.release());
  }, []);
}

function Shown({ view, pass, now, onClose }: Props & { pass: Pass; onClose: () => void }) {
  useLight();
  const until = instant(pass.expires_at);
  const { slot, timezone } = view;
  return (
    <Sheet name={view.plate} class="pass" onClose={onClose}>
      <QrCode path={pass.path} size={pass.size} />
      {slot && (
        <p class="window">
          {clockTime(instant(slot.starts_at), timezone)}–
          {clockTime(instant(slot.ends_at), timezone)}
        </p>
      )}
      <p>{t("driver.pass_hint")}</p>
      <p class={now > until ? "refusal" : ""}>
        {now > until
          ? t("driver.pass_over")
          : t("driver.pass_until", { time: clockTime(until, timezone) })}
      </p>
    </Sheet>
  );
}

interface Props {
  view: DriverView;
  now: Date;
}

export function PassCard({ view, now }: Props) {
  const wanted = BEFORE_THE_LANE.includes(view.state) && view.advice === null;
  const pass = usePass(wanted ? view.slot?.starts_at : undefined);
  const [open, setOpen] = useState(false);
  if (!wanted || !view.slot || !pass) return null;
  return (
    <>
      <button type="button" class="show-pass" onClick={() => setOpen(true)}>
        <QrCode path={pass.path} size={pass.size} />
        {t("driver.pass")}
      </button>
      {open && <Shown view={view} now={now} pass={pass} onClose={() => setOpen(false)} />}
    </>
  );
}
