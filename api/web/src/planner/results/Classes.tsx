import { find, t } from "../../language";
import { dark } from "../../parts/theme";
import { duration } from "../../time";
import { runColour } from "../palette";
import type { Interval } from "../types";
import type { Shown } from "./shown";

const STATISTICS = ["mean", "p90"] as const;
const ROW = 18;

interface Bar {
  run: number;
  label: string;
  value: Interval;
}

/** Waits by cargo: a bar a run, and on it how sure its mean is. */
export function Classes({ shown, kind }: { shown: Shown[]; kind: "gate" | "total" }) {
  const cargoes = [...new Set(shown.flatMap(({ result }) => Object.keys(result.classes)))];
  return (
    <>
      {STATISTICS.map((statistic) => {
        const key = `${kind}_wait_${statistic}_s`;
        const groups = cargoes.map((cargo) => ({ cargo, bars: barsOf(shown, cargo, key) }));
        return (
          <figure key={statistic} class="classes" data-chart={`classes-${key}`}>
            <figcaption>
              {t(`planner.classes_${statistic}`, { wait: t(`planner.wait_${kind}`).toLocaleLowerCase() })}
            </figcaption>
            {groups.every(({ bars }) => bars.length === 0) ? (
              <p class="quiet">{t("planner.nobody_waited")}</p>
            ) : (
              <Bars groups={groups} />
            )}
          </figure>
        );
      })}
    </>
  );
}

function barsOf(shown: Shown[], cargo: string, key: string): Bar[] {
  return shown.flatMap(({ label, result }, run) => {
    const value = result.classes[cargo]?.[key];
    return value && value.mean !== null ? [{ run, label, value }] : [];
  });
}

function Bars({ groups }: { groups: { cargo: string; bars: Bar[] }[] }) {
  const bars = groups.flatMap((group) => group.bars);
  const most = Math.max(1, ...bars.map(({ value }) => value.high ?? value.mean ?? 0));
  const percent = (seconds: number): string => `${(100 * seconds) / (most * 1.02)}%`;
  return (
    <dl>
      {groups.map(({ cargo, bars: own }) => (
        <div key={cargo}>
          <dt>{find(`cargo.${cargo}`) ?? cargo}</dt>
          <dd>
            {own.map((bar) => (
              <Line key={bar.run} bar={bar} percent={percent} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Line({ bar, percent }: { bar: Bar; percent: (seconds: number) => string }) {
  const { mean, low, high } = bar.value;
  const sure =
    low === null || high === null
      ? duration(mean ?? 0)
      : t("planner.between", { mean: duration(mean ?? 0), low: duration(low), high: duration(high) });
  const height = ROW;
  const middle = height / 2;
  return (
    <div class="bar" title={`${bar.label}: ${sure}`}>
      <svg height={height} role="img" aria-label={`${bar.label}: ${sure}`}>
        <rect
          x="0"
          y="3"
          width={percent(mean ?? 0)}
          height={height - 6}
          rx="2"
          fill={runColour(bar.run, dark.value)}
        />
        {low !== null && high !== null && (
          <>
            <line class="sure" x1={percent(low)} x2={percent(high)} y1={middle} y2={middle} />
            <line class="sure" x1={percent(low)} x2={percent(low)} y1={middle - 4} y2={middle + 4} />
            <line class="sure" x1={percent(high)} x2={percent(high)} y1={middle - 4} y2={middle + 4} />
          </>
        )}
      </svg>
      <span>{duration(mean ?? 0)}</span>
    </div>
  );
}
