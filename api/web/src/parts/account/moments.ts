import { language } from "../../language";

const LOCALES = { vi: "vi-VN", zh: "zh-CN", en: "en-GB" } as const;

/** A moment with its day as the site's clocks say it, wherever the browser is. */
export const siteMoment = (iso: string, timezone: string): string =>
  new Date(iso).toLocaleString(LOCALES[language.value], {
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZone: timezone,
  });

/** A browser's long name in two words: "Chrome, Windows". */
export function browserName(agent: string | null): string {
  if (!agent) return "";
  const browsers = ["Edg", "Firefox", "Chrome", "Safari"];
  const systems = ["Windows", "Android", "iPhone", "iPad", "Mac OS", "Linux"];
  const named = browsers.find((one) => agent.includes(one));
  const system = systems.find((one) => agent.includes(one));
  if (!named) return agent.slice(0, 40);
  return [named === "Edg" ? "Edge" : named, system].filter(Boolean).join(", ");
}
