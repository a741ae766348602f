/** The server's clock, which a played day runs faster, and how long something has lasted by it. */

import { signal } from "@preact/signals";
import { ServerClock } from "../time";

const LIMIT_MS = 30_000;
const clock = new ServerClock(LIMIT_MS);
/** Changes with every answer that says the moment. */
const heard = signal(0);

export function hearMoment(iso: string): void {
  clock.observe(iso, Date.now());
  heard.value += 1;
}

/** Whether the server has said the moment yet. */
export const isHeard = (): boolean => heard.value > 0;

/** The moment there; the reader's own before anything was heard. */
export function now(): Date {
  return heard.value === 0 ? new Date() : clock.now(Date.now());
}

export const secondsSince = (iso: string): number =>
  Math.max(0, (now().getTime() - Date.parse(iso)) / 1000);

const SOON_S = 30 * 60;
const LONG_S = 2 * 3600;

/** How a wait is coloured by its length: an officer is to see the long ones from afar. */
export function heat(seconds: number): "fresh" | "warm" | "hot" {
  if (seconds >= LONG_S) return "hot";
  return seconds >= SOON_S ? "warm" : "fresh";
}
