import { useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { instant, moment } from "../time";
import type { DriverView } from "../types";
import { postAct } from "./api";
import { code, take } from "./view";

/** Stages in which the driver may still ask for something. */
const BEFORE_THE_CALL: readonly DriverView["state"][] = ["registered", "staged"];

interface Props {
  view: DriverView;
  now: Date;
}

/** What a driver may ask for: more time, and to be called for a place left free. */
export function Wishes({ view, now }: Props) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  /** What the switch was set to while the server has not answered. */
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  if (!BEFORE_THE_CALL.includes(view.state)) return null;

  async function send(wish: Promise<DriverView>): Promise<void> {
    setBusy(true);
    try {
      await take(await wish);
      setWrong(null);
      setAsking(false);
    } catch (error) {
      setWrong(error);
    }
    setWanted(null);
    setBusy(false);
  }

  const { not_before: notBefore, extended_until: extended } = view;
  const time = (iso: string): string => moment(instant(iso), now, view.timezone);
  return (
    <section class="wishes">
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <label class="switch">
        <input
          type="checkbox"
          name="standby"
          checked={wanted ?? view.standby}
          disabled={busy}
          onChange={({ currentTarget: { checked } }) => {
            setWanted(checked);
            void send(postAct(code, "standby", { on: checked }, crypto.randomUUID()));
          }}
        />
        <span>
          {t("driver.standby")}
          <small>{t("driver.standby_hint")}</small>
        </span>
      </label>
      {extended !== null && <p>{t("driver.extended", { time: time(extended) })}</p>}
      {notBefore !== null && !asking && (
        <button type="button" class="more-time" onClick={() => setAsking(true)}>
          {t("driver.more_time")}
        </button>
      )}
      {notBefore !== null && asking && (
        <div class="asking" role="group" aria-label={t("driver.more_time")}>
          <p>{t("driver.more_time_cost", { time: time(notBefore) })}</p>
          <button type="button" onClick={() => setAsking(false)}>
            {t("driver.more_time_no")}
          </button>
          <button
            type="button"
            class="main"
            disabled={busy}
            onClick={() => void send(postAct(code, "extension", undefined, crypto.randomUUID()))}
          >
            {t("driver.more_time_yes")}
          </button>
        </div>
      )}
    </section>
  );
}
