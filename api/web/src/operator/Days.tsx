import { useRef } from "preact/hooks";
import { t } from "../language";
import { dayAfter, instant, longDay } from "../time";

interface Props {
  /** The present local day, as 2024-01-23; null before the first word of the server. */
  today: string | null;
  /** The chosen day; null for the last hours. */
  day: string | null;
  onDay: (day: string | null) => void;
}

/** The last hours, today, or any day: chosen, or one before or after. */
export function Days({ today, day, onDay }: Props) {
  const calendar = useRef<HTMLInputElement>(null);
  const shown = day ?? today;
  return (
    <span class="ranges">
      <button type="button" aria-pressed={day === null} onClick={() => onDay(null)}>
        {t("corridor.last_hours")}
      </button>
      <button
        type="button"
        aria-pressed={day !== null && day === today}
        disabled={today === null}
        onClick={() => onDay(today)}
      >
        {t("corridor.today")}
      </button>
      <button
        type="button"
        aria-label={t("corridor.previous_day")}
        disabled={shown === null}
        onClick={() => shown && onDay(dayAfter(shown, -1))}
      >
        ‹
      </button>
      <span class="day">
        {/* The browser's own words for a day follow its language, not the page's: only its
            calendar is used, and whoever types would not see what. */}
        <button
          type="button"
          aria-pressed={day !== null}
          title={t("corridor.day")}
          disabled={today === null}
          onClick={() => calendar.current?.showPicker()}
        >
          {shown && longDay(instant(shown), "UTC")}
        </button>
        <input
          ref={calendar}
          type="date"
          tabIndex={-1}
          aria-hidden="true"
          value={shown ?? ""}
          max={today ?? ""}
          onChange={({ currentTarget: { value, validity } }) =>
            value && validity.valid && onDay(value)
          }
        />
      </span>
      <button
        type="button"
        aria-label={t("corridor.next_day")}
        disabled={shown === null || shown === today}
        onClick={() => shown && onDay(dayAfter(shown, 1))}
      >
        ›
      </button>
    </span>
  );
}
