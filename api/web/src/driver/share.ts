/**
 * This phone as its truck's tracker, where the truck has none: its places go the way of any
 * tracker's, in the form of Traccar Client (flowctl/telemetry/formats/osmand.py), and wait on the
 * phone where there is no network.
 */

import { signal } from "@preact/signals";
import { ApiError, request } from "../request";
import { askTracker, type Tracker } from "./api";
import { alone, forget, keep, listKept, type RowKey } from "./store";
import { clock, code } from "./view";

/** Closer together than this says nothing new, ms. */
const EVERY_MS = 10_000;
/** A request carries so many; a night without a network leaves some thousand. */
const MOST_AT_ONCE = 200;
const MOST_KEPT = 5_000;
const KEPT = `flowctl.tracker.${code}`;

interface Fix {
  key?: RowKey;
  /** Where it goes: it bears the token of the phone as a tracker. */
  path: string;
  device: string;
  location: { timestamp: string; coords: Record<string, number> };
}

export const tracker = signal<Tracker | null>(JSON.parse(localStorage.getItem(KEPT) ?? "null"));
/** "denied" where the browser does not give the place away. */
export const sharing = signal<"off" | "on" | "denied">("off");
export const unsent = signal(0);

let watch: number | undefined;
let last = 0;

function located(position: GeolocationPosition): Fix["location"] {
  const { latitude, longitude, accuracy, speed, heading, altitude } = position.coords;
  const known = Object.entries({ latitude, longitude, accuracy, speed, heading, altitude });
  return {
    // By the server's clock: a phone's own may be set to anything.
    timestamp: clock.now(position.timestamp).toISOString(),
    coords: Object.fromEntries(known.filter(([, value]) => Number.isFinite(value))) as Record<
      string,
      number
    >,
  };
}

async function note({ url, device }: Tracker, position: GeolocationPosition): Promise<void> {
  sharing.value = "on";
  if (position.timestamp - last < EVERY_MS || unsent.value >= MOST_KEPT) return;
  last = position.timestamp;
  const path = new URL(url, location.origin).pathname;
  await keep("fixes", { path, device, location: located(position) } satisfies Fix);
  await flushFixes();
}

/** Send the places that wait, many in a request; what the server will never take goes too. */
export function flushFixes(): Promise<void> {
  return alone("flowctl.fixes", async () => {
    let waiting = await listKept<Fix>("fixes");
    while (waiting[0]) {
      const { path, device } = waiting[0];
      const batch = waiting.filter((fix) => fix.path === path).slice(0, MOST_AT_ONCE);
      try {
        const locations = batch.map((fix) => fix.location);
        // Where trackers send to, as the server told it, and no operation of the described API.
        await request("POST", path, { device_id: device, location: locations });
      } catch (error) {
        if (!(error instanceof ApiError) || error.status === 0 || error.status >= 429) break;
        // The token is over: the driver sees that nothing is shared, and may begin anew.
        if (error.status === 401 && tracker.value?.url.endsWith(path)) stopSharing();
      }
      await forget("fixes", batch.flatMap(({ key }) => key ?? []));
      waiting = await listKept<Fix>("fixes");
    }
    unsent.value = waiting.length;
  });
}

function follow(phone: Tracker): void {
  watch ??= navigator.geolocation.watchPosition(
    (position) => void note(phone, position),
    ({ code: why, PERMISSION_DENIED }) => {
      if (why === PERMISSION_DENIED) stopSharing("denied");
    },
    { enableHighAccuracy: true, maximumAge: EVERY_MS },
  );
}

/** Make this phone the truck's tracker, and begin; throws where the server does not want it. */
export async function startSharing(): Promise<void> {
  tracker.value ??= await askTracker(code);
  localStorage.setItem(KEPT, JSON.stringify(tracker.value));
  sharing.value = "on";
  follow(tracker.value);
}

/** Go on where sharing was on when the page was closed. */
export function resumeSharing(): void {
  if (tracker.value) void startSharing();
}

export function stopSharing(state: "off" | "denied" = "off"): void {
  if (watch !== undefined) navigator.geolocation.clearWatch(watch);
  watch = undefined;
  sharing.value = state;
  tracker.value = null;
  localStorage.removeItem(KEPT);
}
