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
      <Speaker silent={silent} />
      <span class="name">{t(silent ? "alarms.muted_short" : "alarms.sounds_short")}</span>
    </button>
  );
}

function Speaker({ silent }: { silent: boolean }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="currentColor">
      <path d="M1 6h3l4-3.5v11L4 10H1z" />
      {silent ? (
        <path d="M10.5 6l4 4m0-4l-4 4" fill="none" stroke="currentColor" stroke-width="1.6" />
      ) : (
        <path
          d="M10.5 5.5q1.8 2.5 0 5M12.5 3.5q3.4 4.5 0 9"
          fill="none"
          stroke="currentColor"
          stroke-width="1.4"
        />
      )}
    </svg>
  );
}
