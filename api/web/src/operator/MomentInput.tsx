import { t } from "../language";
import { dayAfter, instant, longDay } from "../time";

/** How far ahead a closure is planned from here; later ones stand in the site's calendar. */
const DAYS = 14;
const HOUR_MINUTE = "([01][0-9]|2[0-3]):[0-5][0-9]";

interface Props {
  name: string;
  /** A local time, as 2024-01-23T10:30. */
  value: string;
  /** The present local day. */
  today: string;
  onChange: (value: string) => void;
}

/** A day and a time, in the page's words: a browser's own would follow its language and clock. */
export function MomentInput({ name, value, today, onChange }: Props) {
  const [day = today, time = ""] = value.split("T");
  const days = Array.from({ length: DAYS }, (_, n) => dayAfter(today, n));
  return (
    <span class="moment">
      <select
        aria-label={`${name}: ${t("corridor.day")}`}
        value={day}
        onChange={(event) => onChange(`${event.currentTarget.value}T${time}`)}
      >
        {days.map((one) => (
          <option key={one} value={one}>
            {longDay(instant(one), "UTC")}
          </option>
        ))}
      </select>
      <input
        aria-label={`${name} (hh:mm)`}
        inputMode="numeric"
        pattern={HOUR_MINUTE}
        placeholder="hh:mm"
        size={5}
        maxLength={5}
        required
        value={time}
        onInput={(event) => onChange(`${day}T${event.currentTarget.value}`)}
      />
    </span>
  );
}
