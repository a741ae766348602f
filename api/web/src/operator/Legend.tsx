import { t } from "../language";
import { wholeNumber } from "../time";
import type { TruckState } from "../types";
import type { LiveLine } from "./live";
import { Mark, Ring } from "./Mark";
import { STATES } from "./palette";
import { FLAGS, hasFlag, type Shown } from "./shown";

interface Props {
  line: LiveLine;
  hidden: ReadonlySet<Shown>;
  onToggle: (shown: Shown) => void;
}

/** What colours, shapes and rings mean, how many of each there are, and a switch for each. */
export function Legend({ line, hidden, onToggle }: Props) {
  void line.version.value;
  const counts = new Map<Shown, number>();
  const count = (one: Shown): void => void counts.set(one, (counts.get(one) ?? 0) + 1);
  for (const truck of line.trucks.values()) {
    count(truck.state);
    for (const flag of FLAGS) if (hasFlag(truck, flag)) count(flag);
  }
  const rows: readonly Shown[] = [...[...STATES].reverse(), ...FLAGS];
  return (
    <details class="legend" open>
      <summary>
        <h2>
          {t("operator.trucks")} <b>{wholeNumber(line.trucks.size)}</b>
        </h2>
      </summary>
      <ul>
        {rows.map((one) => (
          <li key={one}>
            <button type="button" aria-pressed={!hidden.has(one)} onClick={() => onToggle(one)}>
              {one === "held" || one === "alarmed" ? (
                <Ring of={one} />
              ) : (
                <Mark state={one satisfies TruckState} />
              )}
              <span>{t(`state.${one}`)}</span>
              <b>{wholeNumber(counts.get(one) ?? 0)}</b>
            </button>
          </li>
        ))}
      </ul>
      <p class="speeds">
        {t("operator.speeds")} <i />
        <span>{t("operator.speeds_slow")}</span>
        <span>{t("operator.speeds_usual")}</span>
      </p>
    </details>
  );
}
