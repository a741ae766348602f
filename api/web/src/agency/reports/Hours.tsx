import { find, t } from "../../language";
import { wholeNumber } from "../../time";
import type { Row } from "./api";

const HOURS = Array.from({ length: 24 }, (_, hour) => String(hour).padStart(2, "0"));
const SHOWN = ["arrived", "crossed"] as const;
const HEIGHT = 120;
const STEP = 30;

/** At which hours of the day trucks come to the yards and cross, all days together. */
export function Hours({ rows }: { rows: readonly Row[] }) {
  const counts = (measure: string): number[] =>
    HOURS.map((hour) =>
      rows
        .filter((one) => one.period === hour && one.measure === measure)
        .reduce((n, one) => n + one.n, 0),
    );
  const bars = SHOWN.map((measure) => ({ measure, counts: counts(measure) }));
  const most = Math.max(1, ...bars.flatMap((one) => one.counts));
  const high = (n: number): number => (HEIGHT * n) / most;
  return (
    <figure class="hours">
      <svg viewBox={`-40 -12 ${24 * STEP + 44} ${HEIGHT + 34}`} role="img" aria-label={said(bars)}>
        <line x1="0" x2={24 * STEP} y1="0" y2="0" class="grid" />
        <line x1="0" x2={24 * STEP} y1={HEIGHT} y2={HEIGHT} class="axis" />
        <text x="-6" y="4" class="end">
          {wholeNumber(most)}
        </text>
        {bars.map(({ measure, counts }, k) =>
          counts.map((n, hour) => (
            <rect
              key={`${measure}${hour}`}
              class={measure}
              x={hour * STEP + 3 + k * 12}
              y={HEIGHT - high(n)}
              width="11"
              height={high(n)}
            >
              <title>{`${HOURS[hour]} h · ${find(`reports.m_${measure}`)}: ${wholeNumber(n)}`}</title>
            </rect>
          )),
        )}
        {HOURS.map((hour, k) =>
          k % 3 === 0 ? (
            <text key={hour} x={k * STEP + STEP / 2} y={HEIGHT + 16} class="middle">
              {hour}
            </text>
          ) : null,
        )}
      </svg>
      <figcaption>
        {SHOWN.map((measure) => (
          <span key={measure} class={measure}>
            {t(`reports.m_${measure}`)}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

const said = (bars: { measure: string; counts: number[] }[]): string =>
  bars
    .map(({ measure, counts }) => {
      const most = Math.max(...counts);
      return `${find(`reports.m_${measure}`)}: ${HOURS[counts.indexOf(most)]} h, ${most}`;
    })
    .join("; ");
