import { useMemo } from "preact/hooks";
import { language, nameOf, t } from "../../language";
import { placeName } from "../../parts/place";
import { clockTime, decimal, wholeNumber } from "../../time";
import type { Site } from "../../types";
import type { Band, Result } from "../types";
import { Curves, type Curve } from "./Curves";
import type { Shown } from "./shown";

const HOURS = [1, 2, 3, 4, 6, 12, 24].map((hours) => hours * 3600);
const DAY_S = 86_400;

interface Props {
  shown: Shown[];
  site: Site;
}

/** Days are laid over each other: a run of another day is moved by whole days. */
function shifted(result: Result, first: Result): number[] {
  const days = Math.round(((result.grid[0] ?? 0) - (first.grid[0] ?? 0)) / DAY_S);
  return days === 0 ? result.grid : result.grid.map((at) => at - days * DAY_S);
}

function curvesOf(shown: Shown[], band: (result: Result) => Band | undefined): Curve[] {
  const first = shown[0]?.result;
  if (!first) return [];
  return shown.flatMap(({ label, result }, run) => {
    const found = band(result);
    if (!found) return [];
    const x = shifted(result, first);
    const edges = result.replications > 1 ? { low: found.low, high: found.high } : {};
    return [{ label, run, x, y: found.mean, ...edges }];
  });
}

/** What waits at the gates and stands in the yards through the day, and how far replications differ. */
export function Queues({ shown, site }: Props) {
  const spoken = language.value;
  const pictures = useMemo(() => {
    const has = (of: (result: Result) => object, id: string): boolean =>
      shown.some(({ result }) => id in of(result));
    const gates = site.gates.filter(({ id }) => has((one) => one.gates, id));
    const yards = site.yards.filter(({ id }) => has((one) => one.yards, id));
    return [
      ...(["queue", "waiting"] as const).flatMap((kind) =>
        gates.map(({ id, name }) => ({
          name: `${kind}-${id}`,
          title: t(`planner.${kind}_at`, { gate: nameOf(name) }),
          curves: curvesOf(shown, (result) => result.gates[id]?.[kind]),
          level: undefined,
        })),
      ),
      ...yards.map(({ id }) => {
        const places = shown[0]?.result.yards[id]?.places ?? null;
        const level = places === null ? undefined : { y: places, label: t("planner.yard_full", { n: wholeNumber(places) }) };
        return {
          name: `yard-${id}`,
          title: t("planner.in_yard", { yard: placeName(id) }),
          curves: curvesOf(shown, (result) => result.yards[id]?.occupancy),
          level,
        };
      }),
    ];
  }, [shown, site, spoken]);

  return (
    <section class="charts">
      <p class="quiet hint">{t("planner.band_hint")}</p>
      {pictures.map(({ name, title, curves, level }) => (
        <Curves
          key={name}
          name={name}
          title={title}
          curves={curves}
          level={level}
          xLabel={t("planner.time")}
          steps={HOURS}
          showX={(at) => clockTime(new Date(at * 1000), site.timezone)}
          showY={(n) => decimal(n, 0, 1)}
          least={5}
        />
      ))}
    </section>
  );
}
