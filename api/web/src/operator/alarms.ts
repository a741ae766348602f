/** How alerts are told, grouped and sounded. */

import { type Key, nameOf, t } from "../language";
import { clockTime, dayMonth, decimal, duration, instant, wholeNumber } from "../time";
import type { Alert, Severity, Site } from "../types";

export const SEVERITIES: readonly Severity[] = ["high", "medium", "low"];
export const FILTERS = ["everybody", "mine", "nobody"] as const;
export type Filter = (typeof FILTERS)[number];

/** Kinds of cheating, which are confirmed or dismissed; all others are taken care of. */
const CHEATING: ReadonlySet<Alert["kind"]> = new Set([
  "unreleased",
  "ghost_booking",
  "parted",
  "two_plates",
  "impossible_speed",
  "swapped",
  "hoarding",
] as const);

export const isCheating = (alert: Alert): boolean => CHEATING.has(alert.kind);

export const isOpen = (alert: Alert): boolean =>
  alert.state === "open" || alert.state === "acknowledged";

/** Whether it waits for somebody now. */
export const isWaiting = (alert: Alert): boolean =>
  alert.state === "open" && alert.over_at === null && alert.snoozed_until === null;

/** A high alarm that nobody looked into in time, by the server's clock. */
export const isEscalated = (alert: Alert, now: string | null): boolean =>
  alert.escalates_at !== null &&
  alert.snoozed_until === null &&
  now !== null &&
  Date.parse(alert.escalates_at) <= Date.parse(now);

export function isFor(alert: Alert, filter: Filter, account: string): boolean {
  if (filter === "mine") return alert.assigned_to === account;
  return filter === "everybody" || alert.assigned_to === null;
}

/** Which sentence tells a finding, from its kind and what its evidence says. */
function sentence(alert: Alert): Key {
  const { evidence, kind } = alert;
  if (kind === "parted") {
    return "other_device" in evidence ? "alerts.parted_devices" : "alerts.parted_seen";
  }
  const which = evidence.fault ?? evidence.how ?? evidence.said_by;
  return (which === undefined ? `alerts.${kind}` : `alerts.${kind}_${which}`) as Key;
}

/** A place by its name, anything else as it is. */
export function placeName(id: string, site: Site): string {
  const zones = site.zones.features.map((zone) => zone.properties);
  const place = [...site.gates, ...site.yards, ...zones].find((one) => one.id === id);
  return place ? nameOf(place.name) : id;
}

/** A fact in words: what it measures is in its name. */
export function words(name: string, value: string | number, site: Site): string {
  if (typeof value === "number") {
    if (name.endsWith("_s")) return duration(value);
    if (name.endsWith("_m")) return `${decimal(value / 1000, 0, 1)} km`;
    return name.endsWith("_t") ? decimal(value, 1, 1) : wholeNumber(value);
  }
  if (name.endsWith("_at") || name === "since" || name === "until") return moment(value, site);
  return placeName(value, site);
}

export function moment(iso: string, site: Site): string {
  const at = instant(iso);
  return `${clockTime(at, site.timezone)} ${dayMonth(at, site.timezone)}`;
}

export function told(alert: Alert, site: Site): string {
  const facts: Record<string, string> = { other_plate: alert.other_plate ?? "" };
  for (const [name, value] of Object.entries(alert.evidence)) {
    facts[name] = words(name, value, site);
  }
  return t(sentence(alert), facts);
}

/** Whom or what it is about, in a word. */
export function about(alert: Alert, site: Site): string {
  if (alert.plate !== null) return alert.plate;
  if (alert.place !== null) return placeName(alert.place, site);
  return alert.haulier ?? alert.device ?? "";
}
