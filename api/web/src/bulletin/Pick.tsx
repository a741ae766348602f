import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { type Days, RUNNING } from "./api";

interface Props {
  days: Days | null;
  onPick: (days: Days) => void;
}

/** Asks for a day, or a range of days. */
export function Pick({ days, onPick }: Props) {
  const [day, setDay] = useState("");
  const [until, setUntil] = useState("");
  useEffect(() => {
    if (!days) return;
    const running = days.day === RUNNING;
    setDay(running ? "" : days.day);
    setUntil(running ? "" : days.until);
  }, [days]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (day) onPick({ day, until: until || day });
      }}
    >
      <label>
        {t("bulletin.pick")}{" "}
        <input
          type="date"
          name="day"
          required
          value={day}
          onInput={(event) => {
            // One day is what most ask for: the range follows until it is set.
            if (until === day) setUntil(event.currentTarget.value);
            setDay(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        {t("bulletin.pick_until")}{" "}
        <input
          type="date"
          name="until"
          value={until}
          onInput={(event) => setUntil(event.currentTarget.value)}
        />
      </label>
      <button class="main">{t("bulletin.show")}</button>
    </form>
  );
}
