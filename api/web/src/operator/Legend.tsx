import { t } from "../language";
import { wholeNumber } from "../time";
import type { TruckState } from "../types";
import type { LiveLine } from "./live";
import { STATE_COLOUR, STATES } from "./palette";

interface Props {
  line: LiveLine;
  hidden: ReadonlySet<TruckState>;
  onToggle: (state: TruckState) => void;
}

/** What the colours mean, how many of each there are, and a switch for each. */
export function Legend({ line, hidden, onToggle }: Props) {
  void line.version.value;
  const counts = new Map<TruckState, number>();
  for (const truck of line.trucks.values()) {
    counts.set(truck.state, (counts.get(truck.state) ?? 0) + 1);
  }
  return (
    <section class="legend" aria-label={t("operator.trucks")}>
      <h2>
        {t("operator.trucks")} <b>{wholeNumber(line.trucks.size)}</b>
      </h2>
      <ul>
        {[...STATES].reverse().map((state) => (
          <li key={state}>
            <button
              type="button"
              aria-pressed={!hidden.has(state)}
              onClick={() => onToggle(state)}
            >
              <i
                class={state === "silent" ? "hollow" : ""}
                style={{ background: STATE_COLOUR[state], borderColor: STATE_COLOUR[state] }}
              />
              <span>{t(`state.${state}`)}</span>
              <b>{wholeNumber(counts.get(state) ?? 0)}</b>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
