import { nameOf, t } from "../language";
import { Overtakes } from "../parts/Overtakes";
import {
  clockTime,
  daysAhead,
  dayMonth,
  decimal,
  instant,
  longWait,
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

/** The closure, or loss of places, that lasts. */
function lasting({ gate, now }: Props): BoardGate["closures"][number] | undefined {
  return gate.closures.find(
    ({ starts_at, ends_at }) =>
      instant(starts_at) <= now && (ends_at === null || instant(ends_at) > now),
  );
}

function change(props: Props): string | null {
  const { gate, now, timezone } = props;
  const closure = lasting(props);
  if (closure?.places_left === 0 && closure.ends_at === null) return t("board.end_unknown");
  if (gate.next_change_at === null) return null;
  const at = instant(gate.next_change_at);
  const time = clockTime(at, timezone);
  if (gate.open) return t("board.closes_at", { time });
  return daysAhead(at, now, timezone) === 0
    ? t("board.opens_at", { time })
    : t("board.opens_on", { time, date: dayMonth(at, timezone) });
}

function fewerPlaces(props: Props): string | null {
  const closure = lasting(props);
  if (!closure || closure.places_left === 0) return null;
  const n = wholeNumber(closure.places_left);
  if (closure.ends_at === null) return t("board.places_now", { n });
  const to = moment(instant(closure.ends_at), props.now, props.timezone);
  return t("board.places_now_until", { n, to });
}

export function GatePanel(props: Props) {
  const { gate, now, timezone } = props;
  const next = change(props);
  const fewer = fewerPlaces(props);
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
        {fewer && <p class="fewer">{fewer}</p>}
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
  const half = longWait(wait.expected_s);
  const ends = [...new Set([wait.from_s, wait.to_s].map(longWait))];
  return (
    <div class="wait">
      <span>{t("board.expected_wait")}</span>
      <strong>
        {ends.length === 1 ? ends[0] : ends.map((one) => <span key={one}>{one}</span>)}
      </strong>
      <small>
        {t("board.wait_through", {
          // Of a wait over night the moment says more than the hours.
          time: wait.expected_s < NIGHT_S ? half : `${half} (${moment(through, now, timezone)})`,
        })}
      </small>
      <small>{held(wait)}</small>
    </div>
  );
}

const WEEK_DAYS = 7;

/** How often such intervals held, and of how many days that speaks. */
function held({ held_share, held_n, held_days }: NonNullable<BoardGate["wait"]>): string {
  const n = wholeNumber(held_n);
  if (held_share === null) return t("board.wait_not_scored", { n });
  const share = `${decimal(100 * held_share, 0, 0)} %`;
  return held_days < WEEK_DAYS
    ? t("board.wait_held_days", { days: held_days, share, n })
    : t("board.wait_held", { share, n });
}
