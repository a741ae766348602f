import { nameOf, t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { ApiError } from "../request";
import { clockTime, dayMonth, daysAhead, instant, moment } from "../time";
import type { DriverView } from "../types";
import { listSlots, type Saying } from "./api";
import { code } from "./view";

type Say = (saying: Saying) => void;

interface Asking {
  say: Say;
  back: () => void;
}

/** How much later a driver may say to come, minutes. */
const LATE_MIN = [15, 30, 45, 60, 90, 120];
const SLOTS_AGAIN_MS = 20_000;

export function RunningLate({ view, say }: { view: DriverView; say: Say }) {
  const starts = Date.parse(view.slot?.starts_at ?? "");
  return (
    <>
      <p>{t("driver.late_how")}</p>
      <div class="choices">
        {LATE_MIN.map((minutes) => (
          <button key={minutes} type="button" onClick={() => say({ kind: "late", body: { minutes } })}>
            {t("common.minutes", { m: minutes })}
            <small>{clockTime(new Date(starts + minutes * 60_000), view.timezone)}</small>
          </button>
        ))}
      </div>
    </>
  );
}

export function OtherSlot({ view, say }: { view: DriverView; say: Say }) {
  const { answer, wrong } = useAsked(() => listSlots(code), SLOTS_AGAIN_MS, []);
  const offline = wrong instanceof ApiError && wrong.status === 0;
  if (!answer) {
    if (offline) return <p class="refusal">{t("driver.another_offline")}</p>;
    return <p>{wrong === null ? t("common.loading") : problem(wrong)}</p>;
  }
  if (answer.length === 0) return <p>{t("driver.another_none")}</p>;
  return (
    <>
      <p>{t("driver.another_hint")}</p>
      <MovesLeft view={view} />
      <div class="choices slots">
        {answer.map(({ gate, gate_name, starts_at, ends_at, free }) => (
          <button
            key={starts_at + gate}
            type="button"
            onClick={() => say({ kind: "slot", body: { gate, starts_at } })}
          >
            {clockTime(instant(starts_at), view.timezone)}–
            {clockTime(instant(ends_at), view.timezone)}
            <small>
              {daysAhead(instant(starts_at), instant(view.at), view.timezone) !== 0 &&
                `${dayMonth(instant(starts_at), view.timezone)} · `}
              {t("driver.free", { n: free })}
              {gate !== view.gate?.id && ` · ${nameOf(gate_name)}`}
            </small>
          </button>
        ))}
      </div>
    </>
  );
}

/** A driver is to know beforehand that the day does not allow many. */
function MovesLeft({ view: { moves_left: n } }: { view: DriverView }) {
  return n === undefined ? null : <p class="moves-left">{t("driver.moves_left", { n })}</p>;
}

export function MoreTime({ view, now, say, back }: Asking & { view: DriverView; now: Date }) {
  if (view.not_before === null) return null;
  const time = moment(instant(view.not_before), now, view.timezone);
  return (
    <div class="asking" role="group" aria-label={t("driver.more_time")}>
      <p>{t("driver.more_time_cost", { time })}</p>
      <MovesLeft view={view} />
      <button type="button" onClick={back}>
        {t("driver.more_time_no")}
      </button>
      <button type="button" class="main" onClick={() => say({ kind: "extension" })}>
        {t("driver.more_time_yes")}
      </button>
    </div>
  );
}

export function CancelTrip({ say, back }: Asking) {
  return (
    <div class="asking" role="group" aria-label={t("driver.cancel")}>
      <p>{t("driver.cancel_cost")}</p>
      <button type="button" onClick={back}>
        {t("driver.cancel_no")}
      </button>
      <button type="button" class="danger" onClick={() => say({ kind: "cancel" })}>
        {t("driver.cancel_yes")}
      </button>
    </div>
  );
}
