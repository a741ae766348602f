import { nameOf, t } from "../language";
import { Overtakes } from "../parts/Overtakes";
import { clockTime, daysAhead, dayMonth, duration, instant, wholeNumber } from "../time";
import type { Board } from "../types";

type Gate = Board["gates"][number];

interface Props {
  gate: Gate;
  now: Date;
  timezone: string;
}

/** A wait of hours is not known to the minute: say it in steps of five. */
function rounded(seconds: number): number {
  return seconds < 3600 ? seconds : Math.round(seconds / 300) * 300;
}

function change({ gate, now, timezone }: Props): string | null {
  if (gate.next_change_at === null) return null;
  const at = instant(gate.next_change_at);
  const time = clockTime(at, timezone);
  if (gate.open) return t("board.closes_at", { time });
  return daysAhead(at, now, timezone) === 0
    ? t("board.opens_at", { time })
    : t("board.opens_on", { time, date: dayMonth(at, timezone) });
}

export function GatePanel(props: Props) {
  const { gate } = props;
  const next = change(props);
  return (
    <article data-gate={gate.id}>
      <header>
        <h2>{nameOf(gate.name)}</h2>
        <p class={gate.open ? "open" : "closed"}>
          <b>{t(gate.open ? "board.open" : "board.closed")}</b>
          {next && <span>{next}</span>}
        </p>
      </header>
      <p class="wait">
        <span>{t("board.expected_wait")}</span>
        {gate.expected_wait_s === null ? (
          <em>{t("board.wait_unknown")}</em>
        ) : (
          <strong>{duration(rounded(gate.expected_wait_s))}</strong>
        )}
      </p>
      <dl>
        <div>
          <dt>{t("board.waiting")}</dt>
          <dd>{wholeNumber(gate.waiting)}</dd>
        </div>
        <div>
          <dt>{t("board.queued")}</dt>
          <dd>{wholeNumber(gate.queued)}</dd>
        </div>
        {(["export", "import"] as const).map((direction) => (
          <div key={direction}>
            <dt>
              {t("board.cleared_today")} · {t(`direction.${direction}`)}
            </dt>
            <dd>{wholeNumber(gate.cleared_today[direction])}</dd>
          </div>
        ))}
      </dl>
      <Overtakes title={t("board.overtakes")} counts={gate.overtakes_today} />
    </article>
  );
}
