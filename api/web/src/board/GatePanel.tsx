import { nameOf, t } from "../language";
import { Overtakes } from "../parts/Overtakes";
import {
  clockTime,
  daysAhead,
  dayMonth,
  decimal,
  duration,
  instant,
  moment,
  wholeNumber,
} from "../time";
import type { BoardGate } from "../types";
import { Ahead } from "./Ahead";

interface Props {
  gate: BoardGate;
  now: Date;
  timezone: string;
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
  const { gate, now, timezone } = props;
  const next = change(props);
  const counts = [
    [t("board.waiting"), gate.waiting],
    [t("board.on_the_way"), gate.on_the_way],
    [t("board.queued"), gate.queued],
    [t("board.cleared_export"), gate.cleared_today.export],
    [t("board.cleared_import"), gate.cleared_today.import],
  ] as const;
  return (
    <article data-gate={gate.id}>
      <header>
        <h2>{nameOf(gate.name)}</h2>
        <p class={gate.open ? "open" : "closed"}>
          <b>{t(gate.open ? "board.open" : "board.closed")}</b>
          {next && <span>{next}</span>}
        </p>
      </header>
      <Wait gate={gate} now={now} timezone={timezone} />
      <dl>
        {counts.map(([name, n]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{wholeNumber(n)}</dd>
          </div>
        ))}
      </dl>
      <Ahead gate={gate} now={now} timezone={timezone} />
      <Overtakes title={t("board.overtakes")} counts={gate.overtakes_today} />
    </article>
  );
}

const NIGHT_S = 6 * 3600;

function Wait({ gate, now, timezone }: Props) {
  const { wait } = gate;
  if (wait === null) {
    return (
      <div class="wait">
        <span>{t("board.expected_wait")}</span>
        <em>{t("board.wait_unknown")}</em>
      </div>
    );
  }
  const through = new Date(now.getTime() + 1000 * wait.expected_s);
  const half = duration(wait.expected_s);
  return (
    <div class="wait">
      <span>{t("board.expected_wait")}</span>
      <strong>
        {wait.from_s === wait.to_s
          ? half
          : [wait.from_s, wait.to_s].map((one) => <span key={one}>{duration(one)}</span>)}
      </strong>
      <small>
        {t("board.wait_through", {
          // Of a wait over night the moment says more than the hours.
          time: wait.expected_s < NIGHT_S ? half : `${half} (${moment(through, now, timezone)})`,
        })}
      </small>
      <small>
        {wait.held_share === null
          ? t("board.wait_not_scored", { n: wholeNumber(wait.held_n) })
          : t("board.wait_held", {
              share: `${decimal(100 * wait.held_share, 0, 0)} %`,
              n: wholeNumber(wait.held_n),
            })}
      </small>
    </div>
  );
}
