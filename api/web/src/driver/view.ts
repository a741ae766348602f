/** The trip as the server last told it, kept on the phone for where there is no network. */

import { signal } from "@preact/signals";
import { chosenLanguage, speak } from "../language";
import { ApiError } from "../request";
import { ServerClock } from "../time";
import type { DriverView } from "../types";
import { getDriverView } from "./api";

const REFRESH_MS = 10_000;
/** How far the countdown may run on between two answers, wall time. */
const CLOCK_LIMIT_MS = 24 * 3_600_000;

interface Kept {
  view: DriverView;
  /** Wall moment it was heard, epoch ms. */
  heardAt: number;
}

/** What the link of the messages ends with: it opens this trip and no other. */
export const code = decodeURIComponent(location.pathname.split("/").filter(Boolean).at(-1) ?? "");
const KEPT = `flowctl.trip.${code}`;

export const kept = signal<Kept | null>(brought() ?? restore());
/** Why the last attempt failed: "network", or the server's status. */
export const failure = signal<"network" | number | null>(null);
export const clock = new ServerClock(CLOCK_LIMIT_MS);

/** What the page itself brought along, for a first sight without another question. */
function brought(): Kept | null {
  const text = document.getElementById("view")?.textContent;
  return text ? { view: JSON.parse(text) as DriverView, heardAt: Date.now() } : null;
}

function restore(): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

/** Keep what the server says of the trip, for now and for where there is no network. */
export async function take(view: DriverView): Promise<void> {
  const heardAt = Date.now();
  clock.observe(view.at, heardAt);
  kept.value = { view, heardAt };
  failure.value = null;
  localStorage.setItem(KEPT, JSON.stringify(kept.value));
  if (chosenLanguage() === null) await speak(view.language);
}

async function look(): Promise<void> {
  try {
    await take(await getDriverView(code));
  } catch (error) {
    failure.value = error instanceof ApiError && error.status > 0 ? error.status : "network";
    if (failure.value === 404 || failure.value === 410) {
      localStorage.removeItem(KEPT);
      kept.value = null;
    }
  }
}

export function follow(): () => void {
  const last = kept.value;
  if (last) clock.observe(last.view.at, last.heardAt);
  void look();
  const timer = setInterval(() => void look(), REFRESH_MS);
  const again = (): void => void look();
  addEventListener("online", again);
  return () => {
    clearInterval(timer);
    removeEventListener("online", again);
  };
}
