import { t } from "../language";
import { dayAfter, instant, longDay } from "../time";

/** No truck's tracker is older; a year half typed is no day to ask for. */
const FIRST_DAY = "2000-01-01";

interface Props {
  /** The present local day, as 2024-01-23; null before the first word of the server. */
  today: string | null;
  /** The chosen day; null for the last hours. */
  day: string | null;
  onDay: (day: string | null) => void;
}

/** The last hours, today, or any day: chosen, or one before or after. */
export function Days({ today, day, onDay }: Props) {
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
      <label class="day" data-chosen={day !== null}>
        {/* The browser's own words for a day follow its language, not the page's. */}
        <span aria-hidden="true">{shown && longDay(instant(shown), "UTC")}</span>
        <input
          type="date"
          aria-label={t("corridor.day")}
          value={shown ?? ""}
          min={FIRST_DAY}
          max={today ?? ""}
          disabled={today === null}
          onClick={(event) => event.currentTarget.showPicker()}
          onChange={({ currentTarget: { value, validity } }) =>
            value && validity.valid && onDay(value)
          }
        />
      </label>
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
