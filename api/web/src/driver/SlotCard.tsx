import { nameOf, t } from "../language";
import type { AdviceKind } from "../order";
import { clockTime, countdown, daysAhead, daysHours, dayMonth, instant, moment, otherTime } from "../time";
import type { DriverView } from "../types";

/** Stages in which the slot is still ahead of the driver. */
const BEFORE_THE_GATE: readonly DriverView["state"][] = ["registered", "staged"];

function day(at: Date, now: Date, timezone: string): string {
  const ahead = daysAhead(at, now, timezone);
  if (ahead === 0) return t("driver.today");
  const date = dayMonth(at, timezone);
  return ahead === 1 ? `${t("driver.tomorrow")}, ${date}` : date;
}

const HOUR_MS = 3_600_000;

/** Nobody counts seconds of a slot that is more than a day away. */
function timeLeft(milliseconds: number): string {
  const hours = Math.floor(milliseconds / HOUR_MS);
  if (hours < 24) return countdown(milliseconds);
  return daysHours(hours);
}

function Left({ starts, ends, now }: { starts: Date; ends: Date; now: Date }) {
  if (now < starts) {
    return (
      <p class="left">
        <span>{t("driver.starts_in")}</span>
        <strong role="timer">{timeLeft(starts.getTime() - now.getTime())}</strong>
      </p>
    );
  }
  return <p class="left">{now < ends ? t("driver.now") : t("driver.slot_over")}</p>;
}

/** What was said in place of a slot, so large that it is read at arm's length. */
function Word({ kind }: { kind: AdviceKind }) {
  const words = {
    hold: ["driver.hold", "driver.hold_hint"],
    stay: ["driver.stay", "driver.stay_hint"],
    no_slot: ["driver.no_slot_yet", "driver.no_slot_hint"],
  } as const;
  const [said, hint] = words[kind];
  return (
    <section class={`slot word ${kind}`} role="status">
      <strong>{t(said)}</strong>
      <p>{t(hint)}</p>
    </section>
  );
}

export function SlotCard({ view, now }: { view: DriverView; now: Date }) {
  if (view.state === "released") {
    return (
      <section class="slot go">
        <strong>{t("driver.leave_now")}</strong>
        {view.gate && <p>{t("driver.leave_now_hint", { gate: nameOf(view.gate.name) })}</p>}
      </section>
    );
  }
  if (!BEFORE_THE_GATE.includes(view.state)) return null;
  if (view.advice) return <Word kind={view.advice.kind} />;
  if (!view.slot) return <section class="slot none">{t("driver.no_slot")}</section>;
  const starts = instant(view.slot.starts_at);
  const ends = instant(view.slot.ends_at);
  const other = otherTime(starts, view.timezone, view.other_timezone);
  return (
    <section class="slot">
      <h3>
        {t("driver.slot")} · {day(starts, now, view.timezone)}
      </h3>
      <p class="window">
        {clockTime(starts, view.timezone)}–{clockTime(ends, view.timezone)}
      </p>
      {other !== null && <p class="other">{other}</p>}
      <Left starts={starts} ends={ends} now={now} />
      {view.leave_at !== null && (
        <p class="leave">
          {t("driver.leave_at")} <b>{clockTime(instant(view.leave_at), view.timezone)}</b>
        </p>
      )}
      <Answered view={view} now={now} />
    </section>
  );
}

/** What the driver said of the slot, as far as the server has it. */
function Answered({ view, now }: { view: DriverView; now: Date }) {
  const time = (iso: string): string => moment(instant(iso), now, view.timezone);
  return (
    <>
      {view.accepted && <p class="answered">{t("driver.accepted")}</p>}
      {view.late_until !== null && (
        <p class="answered">{t("driver.late_noted", { time: time(view.late_until) })}</p>
      )}
      {view.extended_until !== null && (
        <p class="answered">{t("driver.extended", { time: time(view.extended_until) })}</p>
      )}
    </>
  );
}
