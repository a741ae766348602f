import { t } from "../language";
import { clockTime, dayMonth, instant, wholeNumber } from "../time";
import type { BoardGate } from "../types";

interface Props {
  gate: BoardGate;
  now: Date;
  timezone: string;
}

/** When a gate opens next and what was announced besides: what lasts is the gate's state. */
export function Ahead({ gate, now, timezone }: Props) {
  const moment = (iso: string): string => {
    const at = instant(iso);
    return `${clockTime(at, timezone)} ${dayMonth(at, timezone)}`;
  };
  const window = ({ opens_at, closes_at }: BoardGate["windows"][number]): string => {
    const opens = instant(opens_at);
    const closes = instant(closes_at);
    const day = dayMonth(opens, timezone);
    const until = dayMonth(closes, timezone) === day ? clockTime(closes, timezone) : moment(closes_at);
    return `${day} ${clockTime(opens, timezone)} – ${until}`;
  };
  const windows = gate.windows.filter(({ opens_at }) => instant(opens_at) > now);
  const announced = gate.closures.filter(({ starts_at }) => instant(starts_at) > now);
  return (
    <div class="ahead">
      <p>
        <b>{t("board.hours")}</b>{" "}
        {windows.length === 0 ? t("common.none") : apart(windows.map(window))}
      </p>
      {announced.length > 0 && (
        <p class="closures">
          <b>{t("board.closures")}</b> {apart(announced.map((one) => said(one, moment)))}
        </p>
      )}
    </div>
  );
}

/** Lines break between these, not within. */
const apart = (texts: string[]) =>
  texts.map((text, place) => (
    <>
      {place > 0 && " · "}
      <span key={text}>{text}</span>
    </>
  ));

function said(one: BoardGate["closures"][number], moment: (iso: string) => string): string {
  const from = moment(one.starts_at);
  const to = one.ends_at === null ? null : moment(one.ends_at);
  const n = wholeNumber(one.places_left);
  if (one.places_left > 0) {
    return to === null
      ? t("board.fewer_places", { from, n })
      : t("board.places_between", { from, to, n });
  }
  return to === null ? t("board.closed_from", { from }) : t("board.closed_between", { from, to });
}
