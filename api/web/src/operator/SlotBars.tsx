import { t } from "../language";
import { clockTime, instant } from "../time";
import type { SlotLoad } from "../types";

const isOver = (slot: SlotLoad): boolean => slot.planned > slot.capacity;

/** The next slots: how much of each is given away. */
export function SlotBars({ slots, timezone }: { slots: SlotLoad[]; timezone: string }) {
  const most = Math.max(1, ...slots.map((slot) => Math.max(slot.planned, slot.capacity)));
  return (
    <section class="slots" title={t("operator.slots_hint")}>
      <h4>{t("operator.slots")}</h4>
      {slots.length === 0 && <p>{t("operator.no_slots")}</p>}
      <ol>
        {slots.map((slot) => {
          const time = clockTime(instant(slot.starts_at), timezone);
          const over = isOver(slot);
          const said = `${time}: ${slot.planned} / ${slot.capacity}`;
          return (
            <li
              key={slot.starts_at}
              aria-label={said}
              title={over ? `${said}. ${t("operator.slot_over")}` : said}
            >
              <b>{slot.planned}</b>
              <div class="well">
                <u style={{ height: `${(100 * slot.capacity) / most}%` }} />
                <i
                  class={over ? "over" : ""}
                  style={{ height: `${(100 * slot.planned) / most}%` }}
                />
              </div>
              <time>{time}</time>
            </li>
          );
        })}
      </ol>
      {slots.some(isOver) && <small>{t("operator.slot_over")}</small>}
    </section>
  );
}
