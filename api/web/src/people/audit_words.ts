/** What the log of acts keeps, in the reader's words. */

import { find, LANGUAGE_NAMES, nameOf, t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { goodsName, handoverName, stageName, weightName } from "../parts/names";
import { duration } from "../time";
import type { Language, Names, Site } from "../types";
import type { Account, Act, Scope } from "./api";
import { scopeName } from "./ScopeBoxes";

/** Whom and what the log names by codes. */
export interface Known {
  site: Site;
  accounts: readonly Account[];
  /** Plates by the numbers of trips. */
  plates: Record<string, string>;
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const SHORT_KEY = 8;
/** What has numbers so long that their beginning says which. */
const LONG = new Set(["key", "document"]);

function word(paths: readonly string[]): string | null {
  for (const path of paths) {
    const found = find(path);
    if (found !== null) return found;
  }
  return null;
}

export const personOf = (account: string, { accounts }: Known): string =>
  accounts.find((one) => one.name === account)?.person ?? account;

function placeName(id: string, { site }: Known): string {
  const zones = site.zones.features.map((one) => one.properties);
  const found = [...site.gates, ...site.yards, ...zones].find((one) => one.id === id);
  return found ? nameOf(found.name) : id;
}

/** What was done, such as "held a truck"; the code of an act that only a former version knew. */
export const actName = (act: string): string => find(`audit_act.${act}`) ?? act;

/** Who did it: a person, a machine, a driver, or a command on the server. */
export function whoName(one: Act, known: Known): string {
  const [kind, name] = one.account.split(":", 2);
  if (kind === "source" && name) return t("audit_subject.source", { id: name });
  return one.role === "driver" ? t("audit_value.role_driver") : personOf(one.account, known);
}

export const roleName = (role: string): string =>
  word([`account.role_${role}`, `audit_value.role_${role}`]) ?? role;

/** To what: a plate, a place, a person, or a thing with its number. */
export function subjectName(subject: string, known: Known): string {
  const at = subject.indexOf(":");
  const [kind, id] = [subject.slice(0, at), subject.slice(at + 1)];
  if (kind === "trip" && known.plates[id]) return known.plates[id];
  if (kind === "gate" || kind === "yard") return placeName(id, known);
  if (kind === "account") return personOf(id, known);
  if (kind === "site") return id === known.site.id ? nameOf(known.site.name) : id;
  const template = find(`audit_subject.${kind}`);
  return template ? template.replace("{id}", LONG.has(kind) ? id.slice(0, SHORT_KEY) : id) : subject;
}

export const fieldName = (field: string): string => find(`audit_field.${field}`) ?? field;

/** By field, how its texts are said; what is not here stands as it was written. */
const TEXTS: Record<string, (text: string, known: Known) => string | null> = {
  role: (text) => roleName(text),
  agency: (text) => find(`account.agency_${text}`),
  desk: (text) => find(`desk.${text}`),
  // Of the workflow, or of a truck on its way.
  stage: (text) => find(`stage.${text}`) ?? stageName(text),
  goods_class: goodsName,
  weight_class: weightName,
  handover: handoverName,
  cargo: (text) => find(`cargo.${text}`),
  direction: (text) => find(`direction.${text}`),
  kind: (text) => word([`offence.${text}`, `declare_paper.${text}`]),
  reason: (text) => word([`act_reason.${text}`, `refused.${text}`, `reason.${text}`, `agency.reason_${text}`]),
  state: (text) => word([`alerts.state_${text}`, `audit_value.${text}`]),
  what: (text) => find(`audit_value.${text}`),
  named: (text) => find(`audit_value.${text}`),
  to: (text) => find(`audit_value.to_${text}`),
  language: (text) => LANGUAGE_NAMES[text as Language],
  may: (text) => scopeName(text as Scope),
  gate: placeName,
  gates: placeName,
  yard: placeName,
  place: placeName,
  by: personOf,
  assigned_to: personOf,
};
const TRIPS = ["trip", "trip_id", "other_trip_id"];

function zoneName(feature: unknown): string | null {
  const said = (feature as { properties?: { id?: string; name?: Names } } | null)?.properties;
  return said?.name ? nameOf(said.name) : (said?.id ?? null);
}

/** A value of a field, as who reads it would say it. */
export function valueName(field: string, value: unknown, known: Known): string {
  if (value === null || value === undefined || value === "") return t("audit_value.none");
  if (typeof value === "boolean") return t(value ? "audit_value.yes" : "audit_value.no");
  if (Array.isArray(value)) {
    return value.map((one) => valueName(field, one, known)).join(", ") || t("audit_value.none");
  }
  if (typeof value === "number") {
    if (TRIPS.includes(field)) return known.plates[value] ?? t("audit_subject.trip", { id: value });
    return field === "loses_s" ? duration(value) : String(value);
  }
  if (typeof value !== "string") return zoneName(value) ?? JSON.stringify(value);
  if (MOMENT.test(value)) return siteMoment(value, known.site.timezone);
  return TEXTS[field]?.(value, known) ?? value;
}

/** The fields that differ between before and after, with both as they are said. */
export function differences(one: Act): string[] {
  const names = new Set([...Object.keys(one.before ?? {}), ...Object.keys(one.after ?? {})]);
  return [...names].filter(
    (name) =>
      JSON.stringify(one.before?.[name] ?? null) !== JSON.stringify(one.after?.[name] ?? null),
  );
}
