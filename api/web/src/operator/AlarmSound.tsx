import { useEffect, useRef } from "preact/hooks";
import { listAlerts } from "../client";
import { t } from "../language";
import { useAsked } from "../parts/useAsked";
import { isEscalated, isWaiting } from "./alarms";
import type { Picture } from "./live";
import { mute, muted, sound } from "./sound";

const ASK_AGAIN_MS = 30_000;

/** Sounds once for each new alarm of the highest severity, and once more where it escalates. */
export function AlarmSound({ picture }: { picture: Picture | null }) {
  const now = picture?.at ?? null;
  const asked = useAsked(() => listAlerts(true), ASK_AGAIN_MS, [], picture?.marks?.alerts);
  const heard = useRef<Set<string> | null>(null);
  const high = (asked.answer ?? []).filter((one) => one.severity === "high" && isWaiting(one));
  const due = high.map((one) => `${one.id}${isEscalated(one, now) ? "!" : ""}`).join();

  useEffect(() => {
    if (asked.answer === null) return;
    const news = due.split(",").filter((one) => one !== "");
    // What stands already when the page is opened is seen, not heard.
    const isNew = heard.current !== null && news.some((one) => !heard.current?.has(one));
    heard.current = new Set([...(heard.current ?? []), ...news]);
    if (isNew) sound();
  }, [due, asked.answer]);

  const silent = muted.value;
  return (
    <button
      type="button"
      class="mute"
      aria-pressed={!silent}
      title={t(silent ? "alarms.muted" : "alarms.sounds")}
      onClick={() => mute(!silent)}
    >
      <span aria-hidden="true">{silent ? "🔇" : "🔊"}</span>
      <span class="name">{t(silent ? "alarms.muted_short" : "alarms.sounds_short")}</span>
    </button>
  );
}
