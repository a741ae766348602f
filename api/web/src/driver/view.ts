/** The trip as the server last told it, kept on the phone for where there is no network. */

import { signal } from "@preact/signals";
import { chosenLanguage, language, speak } from "../language";
import { inOrder } from "../parts/inOrder";
import { ApiError } from "../request";
import { ServerClock } from "../time";
import type { DriverView, Language } from "../types";
import { getDriverView, postClaim } from "./api";

const REFRESH_MS = 10_000;
/** How far the countdown may run on between two answers, wall time. */
const CLOCK_LIMIT_MS = 24 * 3_600_000;
const KEPT = "flowctl.view.";
/** The trip goes by another number now, which got another link. */
const REPLACED = "urn:flowctl:replaced";

export interface Kept {
  view: DriverView;
  /** Wall moment it was heard, epoch ms. */
  heardAt: number;
}

/** What the link of the messages ends with: it opens this trip and no other; empty under /d. */
export const code = decodeURIComponent(location.pathname.split("/")[2] ?? "");

export const kept = signal<Kept | null>(brought() ?? restore(code));
/** Why the last attempt failed: "network", the trip's new number, or the server's status. */
export const failure = signal<"network" | "replaced" | number | null>(null);
/** The language of the messages that are shown. */
let toldIn: Language | null = kept.value?.view.language ?? null;
export const clock = new ServerClock(CLOCK_LIMIT_MS);
const asks = inOrder();
if (kept.value) clock.observe(kept.value.view.at, kept.value.heardAt);

/** What the page itself brought along, for a first sight without another question. */
function brought(): Kept | null {
  const text = document.getElementById("view")?.textContent;
  return text ? { view: JSON.parse(text) as DriverView, heardAt: Date.now() } : null;
}

function restore(of: string): Kept | null {
  try {
    return JSON.parse(localStorage.getItem(KEPT + of) ?? "null") as Kept | null;
  } catch {
    return null;
  }
}

/** The trips this phone has opened, by code, the one heard of last first. */
export function listKeptTrips(): [string, Kept][] {
  const codes = Object.keys(localStorage).filter((key) => key.startsWith(KEPT));
  const found = codes.map((key) => key.slice(KEPT.length)).map((one) => [one, restore(one)] as const);
  return found
    .filter((pair): pair is [string, Kept] => pair[1] !== null)
    .sort((a, b) => b[1].heardAt - a[1].heardAt);
}

/** Keep what the server says of the trip, for now and for where there is no network. */
async function take(view: DriverView): Promise<void> {
  const heardAt = Date.now();
  clock.observe(view.at, heardAt);
  kept.value = { view, heardAt };
  failure.value = null;
  localStorage.setItem(KEPT + code, JSON.stringify(kept.value));
  if (chosenLanguage() === null) await speak(view.language);
}

function failed(error: unknown): "network" | "replaced" | number {
  if (!(error instanceof ApiError) || error.status === 0) return "network";
  return error.type === REPLACED ? "replaced" : error.status;
}

export async function look(): Promise<void> {
  // A page that knows nothing of the trip yet speaks a language that may not be the driver's.
  const asked = kept.value || chosenLanguage() ? language.value : undefined;
  const isNews = asks();
  try {
    const view = await getDriverView(code, asked);
    if (!isNews()) return;
    await take(view);
    toldIn = asked ?? view.language;
  } catch (error) {
    if (!isNews()) return;
    failure.value = failed(error);
    if (failure.value === 404 || failure.value === 410 || failure.value === "replaced") {
      localStorage.removeItem(KEPT + code);
      kept.value = null;
    }
  }
}

/** Take the answer to an act, whose messages are in the driver's own language. */
export async function takeAnswer(view: DriverView): Promise<void> {
  asks()(); // whatever was asked for before does not undo on the page what is done
  await take(view);
  if (language.value !== view.language) await look();
}

/** The first browser that opens a link may act by it. */
async function claimFirst(): Promise<void> {
  const view = kept.value?.view;
  if (!view || view.claimed || view.may_act) return;
  try {
    await postClaim(code);
  } catch {
    // Somebody was faster, or there is no network: the next view says how it stands.
    return;
  }
  await look();
}

/** Ask for the view now, regularly, and when there may be something new. */
export function follow(): () => void {
  const again = (): void => void look().then(claimFirst);
  const seen = (): void => void (document.visibilityState === "visible" && look());
  const worker = navigator.serviceWorker as ServiceWorkerContainer | undefined;
  if (document.getElementById("view")) void claimFirst();
  else again();
  const unsubscribe = language.subscribe((spoken) => {
    if (toldIn !== null && spoken !== toldIn) void look();
  });
  const timer = setInterval(again, REFRESH_MS);
  addEventListener("online", again);
  document.addEventListener("visibilitychange", seen);
  worker?.addEventListener("message", again);
  return () => {
    unsubscribe();
    clearInterval(timer);
    removeEventListener("online", again);
    document.removeEventListener("visibilitychange", seen);
    worker?.removeEventListener("message", again);
  };
}
