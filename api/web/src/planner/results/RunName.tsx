import { dark } from "../../parts/theme";
import { runColour, runDash } from "../palette";

/** A run as pictures show it: its colour with its dash, then its words. */
export function RunName({ run, label }: { run: number; label: string }) {
  return (
    <span class="run-name">
      <svg width="26" height="8" aria-hidden="true">
        <line
          x1="0"
          x2="26"
          y1="4"
          y2="4"
          stroke={runColour(run, dark.value)}
          stroke-width="3"
          stroke-dasharray={runDash(run).join(" ")}
        />
      </svg>
      {label}
    </span>
  );
}
