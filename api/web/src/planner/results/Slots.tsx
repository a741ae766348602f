import { nameOf, t } from "../../language";
import { clockTime, wholeNumber } from "../../time";
import type { Site } from "../../types";
import type { Result, SlotCounts } from "../types";
import { Lives } from "./Lives";
import { RunName } from "./RunName";
import type { Shown } from "./shown";

const SLOT_S = 900;

interface Props {
  shown: Shown[];
  site: Site;
}

/** By gate and slot how many were told to come and how many of them came in it. */
export function Slots({ shown, site }: Props) {
  return (
    <section class="slots-view">
      <p class="quiet hint">{t("planner.slots_hint")}</p>
      {shown.map(({ id, label, result }, run) => (
        <article key={id} data-slots={id}>
          <h3>
            <RunName run={run} label={label} />
          </h3>
          {result.slots === null ? (
            <p class="quiet">{t("planner.no_slots")}</p>
          ) : (
            site.gates.map((gate) => {
              const counts = result.slots?.[gate.id];
              const span = spanOf(result);
              return counts && span ? (
                <Gate
                  key={gate.id}
                  name={nameOf(gate.name)}
                  counts={within(counts, span)}
                  span={span}
                  timezone={site.timezone}
                />
              ) : null;
            })
          )}
          <Lives id={id} site={site} />
        </article>
      ))}
    </section>
  );
}

/** From the first slot of any gate to the end of what was played, so that gates share one scale. */
function spanOf({ slots, grid }: Result): [number, number] | null {
  const first = Math.min(...Object.values(slots ?? {}).flatMap(({ starts }) => starts));
  const last = grid.at(-1);
  return last !== undefined && first < last ? [first, last] : null;
}

/** The slots of the day that was played: of those told for a day after it nothing can be seen. */
function within({ starts, planned, came }: SlotCounts, [, last]: [number, number]): SlotCounts {
  const seen = starts.map((start) => start < last);
  const kept = (values: number[]): number[] => values.filter((_, k) => seen[k]);
  return { starts: kept(starts), planned: kept(planned), came: kept(came) };
}

interface GateProps {
  name: string;
  counts: SlotCounts;
  span: [number, number];
  timezone: string;
}

function Gate({ name, counts: { starts, planned, came }, span, timezone }: GateProps) {
  const [first, last] = span;
  const whole = last - first;
  const most = Math.max(1, ...planned, ...came);
  const sum = (values: number[]): string => wholeNumber(values.reduce((all, n) => all + n, 0));
  const percent = (part: number): string => `${(100 * part) / whole}%`;
  return (
    <figure class="slot-row">
      <figcaption>
        {name} <small>{t("planner.slots_sum", { planned: sum(planned), came: sum(came) })}</small>
      </figcaption>
      <div class="slot-strip">
        {starts.map((start, k) => {
          const said = t("planner.slot", {
            time: clockTime(new Date(start * 1000), timezone),
            planned: planned[k] ?? 0,
            came: came[k] ?? 0,
          });
          return (
            <i
              key={start}
              title={said}
              style={{
                left: percent(start - first),
                width: percent(SLOT_S),
                "--planned": (planned[k] ?? 0) / most,
                "--came": (came[k] ?? 0) / most,
              }}
            />
          );
        })}
      </div>
      <Hours first={first} whole={whole} timezone={timezone} />
    </figure>
  );
}

function Hours({ first, whole, timezone }: { first: number; whole: number; timezone: string }) {
  const marks = Array.from({ length: 8 }, (_, n) => new Date((first + (whole * n) / 8) * 1000));
  return (
    <ol class="marks" aria-hidden="true">
      {marks.map((at) => (
        <li key={at.getTime()}>{clockTime(at, timezone)}</li>
      ))}
    </ol>
  );
}
