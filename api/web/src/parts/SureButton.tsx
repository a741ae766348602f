import { useEffect, useState } from "preact/hooks";

/** How long a button that was pressed once waits to be pressed for good. */
const UNSURE_MS = 6_000;

interface Props {
  name: string;
  /** What it says after the first press; the second one does it. */
  sure: string;
  onSure: () => void;
}

/** A button that asks once before it does what cannot be undone. */
export function SureButton({ name, sure, onSure }: Props) {
  const [asked, setAsked] = useState(false);

  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => setAsked(false), UNSURE_MS);
    return () => clearTimeout(timer);
  }, [asked]);

  return (
    <button
      type="button"
      class={asked ? "sure" : ""}
      // What arrives meanwhile may move the page under the finger, and the browser would then drop
      // the press. The one that counts is dropped: who slides off it takes it back.
      onPointerDown={({ currentTarget, pointerId }) => {
        if (!asked) currentTarget.setPointerCapture(pointerId);
      }}
      onClick={() => {
        setAsked(!asked);
        if (asked) onSure();
      }}
    >
      {asked ? sure : name}
    </button>
  );
}
