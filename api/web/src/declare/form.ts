/** What a form holds while it is filled in, what of it applies, and what it becomes. Pure. */

import { fromLocal, instant, toLocal } from "../time";
import type { Workflow } from "./api";

/** Fields that are texts while they are typed, whatever they become. */
export const TEXTS = [
  "plate",
  "trailer",
  "nationality",
  "driver_name",
  "phone",
  "language",
  "licence",
  "licence_until",
  "device",
  "haulier",
  "direction",
  "load",
  "cargo",
  "goods",
  "goods_class",
  "goods_code",
  "weight_t",
  "weight_class",
  "value_vnd",
  "keeps_h",
  "temperature_c",
  "declaration",
  "handover",
  "pair_plate",
  "ready_at",
  "returns_within_h",
  "customer",
] as const;
export type TextName = (typeof TEXTS)[number];
export type Name = TextName | "gates" | "consent";
export type Values = Record<TextName, string> & { gates: string[]; consent: boolean };
export type Faults = Partial<Record<Name, FaultKind>>;
export type FaultKind =
  | "missing"
  | "plate"
  | "phone"
  | "number"
  | "date"
  | "moment"
  | "expired"
  | "consent"
  | "same_plate";

const NUMBERS = ["weight_t", "value_vnd", "keeps_h", "temperature_c", "returns_within_h"] as const;
const OF_GOODS: readonly Name[] = [
  "cargo",
  "goods",
  "goods_class",
  "goods_code",
  "weight_t",
  "weight_class",
  "value_vnd",
  "keeps_h",
  "temperature_c",
];
const TRANSSHIPMENT = "transshipment";

export const EMPTY: Values = {
  ...(Object.fromEntries(TEXTS.map((name) => [name, ""])) as Record<TextName, string>),
  direction: "export",
  load: "laden",
  language: "vi",
  gates: [],
  consent: false,
};

const MOMENT = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:?\d\d)$/;

/** What a stored form, a template or what is known already says of a form's fields. */
export function valuesOf(form: Record<string, unknown>, timezone: string): Partial<Values> {
  const found: Partial<Values> = {};
  for (const name of TEXTS) {
    const value = form[name];
    if (typeof value === "string" || typeof value === "number") found[name] = String(value);
  }
  if (found.ready_at && MOMENT.test(found.ready_at)) {
    found.ready_at = toLocal(instant(found.ready_at), timezone);
  }
  if (found.licence_until) {
    found.licence_until = found.licence_until.replace(/^(\d{4})-(\d\d)-(\d\d)$/, "$3/$2/$1");
  }
  if (Array.isArray(form["gates"])) found.gates = form["gates"].map(String);
  if (typeof form["consent"] === "boolean") found.consent = form["consent"];
  return found;
}

/** A number as people write it: 1.250.000 and 12,5 in Vietnam, 1,250,000 and 12.5 elsewhere. */
export function numberOf(text: string, isWhole: boolean): number | null {
  const bare = text.replace(/[\s_']/g, "");
  const plain = isWhole
    ? bare.replace(/[.,](?=\d{3}(\D|$))/g, "")
    : bare.replace(/,(?=\d+$)/, ".");
  if (plain === "" || !/^-?\d+(\.\d+)?$/.test(plain)) return null;
  return Number(plain);
}

/** A day as people write it, 31/12/2026 or 31-12-2026, as 2026-12-31; null: it is none. */
export function dayOf(text: string): string | null {
  const [, day, month, year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(text.trim()) ?? [];
  const iso = day ? `${year}-${month?.padStart(2, "0")}-${day.padStart(2, "0")}` : text.trim();
  const at = new Date(`${iso}T00:00Z`);
  // The 31st of a month of 30 days would be taken for the next one's first.
  return Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== iso ? null : iso;
}

const bare = (plate: string): string => plate.toUpperCase().replace(/[\s.\-·]/g, "");
export const isPlate = (text: string): boolean => /^[\p{L}\d]{4,12}$/u.test(bare(text));

/** Whether a field is asked for: what does not apply to this journey is not. */
export function applies(name: Name, values: Values, workflow: Workflow | null): boolean {
  if (values.load === "empty" && OF_GOODS.includes(name)) return false;
  switch (name) {
    case "goods_class":
      return (workflow?.goods_classes.length ?? 0) > 0;
    case "weight_class":
      return false; // it follows from the weight
    case "temperature_c":
      return values.cargo === "reefer";
    case "keeps_h":
      return values.cargo === "reefer" || values.cargo === "perishable";
    case "handover":
      return handoversAt(values, workflow).length > 1;
    case "pair_plate":
      return (values.handover || usualHandover(values, workflow)) === TRANSSHIPMENT;
    case "returns_within_h":
      return values.direction === "export";
    case "consent":
      return [values.driver_name, values.licence, values.licence_until].some((one) => one !== "");
    default:
      return true;
  }
}

const offeredAt = (values: Values, workflow: Workflow | null) =>
  workflow?.in_force.find(
    ({ gate, direction }) => gate === values.gates[0] && direction === values.direction,
  );

/** The way to hand over that holds there now, where none is chosen. */
export function usualHandover(values: Values, workflow: Workflow | null): string | null {
  const usual = offeredAt(values, workflow)?.default;
  return workflow?.variants.find(({ id }) => id === usual)?.handover ?? null;
}

/** The ways to hand over that a form's preferred gate offers in its direction. */
export function handoversAt(values: Values, workflow: Workflow | null): string[] {
  const offered = offeredAt(values, workflow);
  if (!workflow || !offered) return [];
  const ids = workflow.variants
    .filter(({ id }) => offered.variants.includes(id))
    .map(({ handover }) => handover);
  return [...new Set(ids)];
}

export function weightClass(values: Values, workflow: Workflow | null): string | null {
  const tonnes = numberOf(values.weight_t, false);
  if (tonnes === null) return null;
  const found = workflow?.weight_classes.find(
    ({ from_t, below_t }) => tonnes >= (from_t ?? 0) && tonnes < (below_t ?? Infinity),
  );
  return found?.id ?? null;
}

const NEEDED: readonly Name[] = ["plate", "phone", "direction", "cargo", "gates", "ready_at"];
export const isNeeded = (name: Name): boolean => NEEDED.includes(name);

/** What is wrong with a form, by field, as far as the page can tell; the server looks again. */
export function faultsOf(values: Values, workflow: Workflow | null): Faults {
  const faults: Faults = {};
  const asked = (name: Name): boolean => applies(name, values, workflow);
  for (const name of NEEDED) {
    const value = values[name];
    if (asked(name) && (value === "" || (Array.isArray(value) && value.length === 0))) {
      faults[name] = "missing";
    }
  }
  for (const name of ["plate", "pair_plate"] as const) {
    if (asked(name) && values[name] && !isPlate(values[name])) faults[name] = "plate";
  }
  if (asked("pair_plate")) {
    if (!values.pair_plate) faults.pair_plate = "missing";
    else if (bare(values.pair_plate) === bare(values.plate)) faults.pair_plate = "same_plate";
  }
  if (values.phone && !/^\+?\d{8,15}$/.test(values.phone.replace(/[\s.\-()]/g, ""))) {
    faults.phone = "phone";
  }
  for (const name of NUMBERS) {
    if (asked(name) && values[name] && numberOf(values[name], name === "value_vnd") === null) {
      faults[name] = "number";
    }
  }
  if (values.licence_until) {
    const until = dayOf(values.licence_until);
    if (until === null) faults.licence_until = "date";
    else if (until < values.ready_at.slice(0, 10)) faults.licence_until = "expired";
  }
  if (values.ready_at && !/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(values.ready_at)) {
    faults.ready_at = "moment";
  }
  if (asked("consent") && !values.consent) faults.consent = "consent";
  return faults;
}

/** What the server is asked for: only what applies, in its own forms. */
export function bodyOf(
  values: Values,
  workflow: Workflow | null,
  timezone: string,
): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const name of TEXTS) {
    const text = values[name].trim();
    if (text === "" || !applies(name, values, workflow)) continue;
    const isNumber = (NUMBERS as readonly string[]).includes(name);
    if (isNumber) body[name] = numberOf(text, name === "value_vnd");
    else body[name] = name === "licence_until" ? dayOf(text) : text;
  }
  body["cargo"] = values.load === "empty" ? "normal" : values.cargo;
  body["gates"] = values.gates;
  if (values.consent && applies("consent", values, workflow)) body["consent"] = true;
  if (values.ready_at) body["ready_at"] = fromLocal(values.ready_at, timezone).toISOString();
  return body;
}
