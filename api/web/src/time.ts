/** Instants and durations as people at the gate read them. */

import { find, type Key, language, t } from "./language";
import type { Language } from "./types";

// Day before month in every language here, and 24 hours: as Vietnamese road signs write it.
const LOCALES: Record<Language, string> = { vi: "vi-VN", zh: "zh-CN", en: "en-GB" };
const formats = new Map<string, Intl.DateTimeFormat>();

function format(at: Date, timezone: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${language.value} ${timezone} ${JSON.stringify(options)}`;
  let made = formats.get(key);
  if (!made) {
    made = new Intl.DateTimeFormat(LOCALES[language.value], { timeZone: timezone, ...options });
    formats.set(key, made);
  }
  return made.format(at);
}

export const instant = (iso: string): Date => new Date(iso);

const HOUR_MINUTE = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;

export const clockTime = (at: Date, timezone: string): string => format(at, timezone, HOUR_MINUTE);
/** The time at the other side and whose it is: "(giờ TQ 10:00)"; null where clocks agree. */
export function otherTime(at: Date, timezone: string, other: string | null): string | null {
  if (other === null || clockTime(at, timezone) === clockTime(at, other)) return null;
  const named = `other_time.${other}` as Key;
  return t(find(named) === null ? "other_time.other" : named, { time: clockTime(at, other) });
}
export const clockSeconds = (at: Date, timezone: string): string =>
  format(at, timezone, { ...HOUR_MINUTE, second: "2-digit" });
/** 23/01, as slips and signs at a Vietnamese gate write it; 1月23日 for Chinese readers. */
export function dayMonth(at: Date, timezone: string): string {
  if (language.value === "zh") return format(at, timezone, { month: "long", day: "numeric" });
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    day: "2-digit",
    month: "2-digit",
  });
  return parts.format(at);
}
export const longDay = (at: Date, timezone: string): string =>
  format(at, timezone, { weekday: "short", day: "2-digit", month: "2-digit", year: "numeric" });

/** A clock time, with its day where that is not today's. */
export function moment(at: Date, now: Date, timezone: string): string {
  const time = clockTime(at, timezone);
  return daysAhead(at, now, timezone) === 0 ? time : `${time} ${dayMonth(at, timezone)}`;
}

const DAY_MS = 86_400_000;

/** The local day of a moment, as 2024-01-23. */
export const localDay = (at: Date, timezone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: timezone }).format(at);

/** The day so many days after another, or before it. */
export const dayAfter = (day: string, days: number): string =>
  new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);

/** The first moment of a local day. */
export const dayStart = (day: string, timezone: string): Date =>
  fromLocal(`${day}T00:00`, timezone);

/** The moment of a local time written as 2024-01-23T10:30. */
export function fromLocal(text: string, timezone: string): Date {
  const asUtc = (at: number): number => Date.parse(`${toLocal(new Date(at), timezone)}Z`);
  const utc = Date.parse(`${text}Z`);
  // Twice: where clocks change on this day, midnight UTC may have another offset than the moment.
  const near = utc - (asUtc(utc) - utc);
  return new Date(near - (asUtc(near) - utc));
}

/** A moment as local time, to the minute: 2024-01-23T10:30. */
export function toLocal(at: Date, timezone: string): string {
  const clock = new Intl.DateTimeFormat("sv-SE", {
    timeZone: timezone,
    dateStyle: "short",
    timeStyle: "short",
  });
  return clock.format(at).replace(" ", "T");
}

/** Whole local days from `now` to `at`: 0 today, 1 tomorrow. */
export function daysAhead(at: Date, now: Date, timezone: string): number {
  const day = (moment: Date): number => Date.parse(localDay(moment, timezone));
  return Math.round((day(at) - day(now)) / DAY_MS);
}

export function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return t("common.under_a_minute");
  if (minutes < 60) return t("common.minutes", { m: minutes });
  const h = wholeNumber(Math.floor(minutes / 60));
  if (minutes % 60 === 0) return t("common.hours", { h });
  return t("common.hours_minutes", { h, m: minutes % 60 });
}

/** Whole hours from a day on: "4 d 13 h". */
export const daysHours = (hours: number): string =>
  t("common.days_hours", { d: Math.floor(hours / 24), h: hours % 24 });

/** A wait as it can be foretold: of ten hours and more nobody believes the minutes. */
export function longWait(seconds: number): string {
  if (seconds < 10 * 3600) return duration(seconds);
  const hours = Math.round(seconds / 3600);
  return hours < 24 ? t("common.hours", { h: hours }) : daysHours(hours);
}

export function ago(seconds: number): string {
  if (seconds < 60) return t("common.seconds_ago", { n: Math.max(0, Math.floor(seconds)) });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("common.minutes_ago", { n: minutes });
  return t("common.hours_ago", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

/** Hours, minutes and seconds left, never below zero: "1:25:09". */
export function countdown(milliseconds: number): string {
  const left = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}:${two(left % 60)}`;
}

export const wholeNumber = (n: number): string => n.toLocaleString(LOCALES[language.value]);

type Counted = { [K in Key]: `${K}_one` extends Key ? K : never }[Key];
/** The words for `n` of something: one of it has words of its own, which English needs. */
export const counted = (key: Counted, n: number, values: Record<string, string> = {}): string =>
  t(n === 1 ? `${key}_one` : key, { ...values, n: wholeNumber(n) });

/** With `least` to `most` digits after the comma, which is a point in Chinese and English. */
export function decimal(n: number, least: number, most: number): string {
  const rounded = Math.round(n * 10 ** most) / 10 ** most + 0; // the 0 turns -0 into 0
  return rounded.toLocaleString(LOCALES[language.value], {
    minimumFractionDigits: least,
    maximumFractionDigits: most,
  });
}

/**
 * The server's clock between two answers. A played day runs faster than real time, so the pace is
 * taken from the answers themselves and the clock is never run further ahead than `limitMs`.
 */
export class ServerClock {
  private at = 0;
  private heardAt = 0;
  private pace = 1;

  constructor(private readonly limitMs: number) {}

  observe(iso: string, wall: number): void {
    const at = Date.parse(iso);
    const passed = wall - this.heardAt;
    if (this.heardAt > 0 && passed > 500) {
      const pace = (at - this.at) / passed;
      // Near real time the difference is the network's jitter, not another pace.
      this.pace = Math.abs(pace - 1) < 0.2 ? 1 : Math.max(0, pace);
    }
    this.at = at;
    this.heardAt = wall;
  }

  now(wall: number): Date {
    return new Date(this.at + Math.min(wall - this.heardAt, this.limitMs) * this.pace);
  }
}
