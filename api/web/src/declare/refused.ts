/** At which field a refusal of the server is said. */

import type { ApiError } from "../request";
import { type Name, TEXTS } from "./form";

const NAMES: ReadonlySet<string> = new Set([...TEXTS, "gates", "consent"]);
/** Kinds whose refusals name no field themselves, by how they begin. */
const BEGINNINGS: readonly [RegExp, Name][] = [
  [/^urn:flowctl:(plate|truck|barred|banned)/, "plate"],
  [/^urn:flowctl:licence/, "licence_until"],
  [/^urn:flowctl:phone/, "phone"],
  [/^urn:flowctl:(gate|no_gate)/, "gates"],
  [/^urn:flowctl:ready/, "ready_at"],
  [/^urn:flowctl:device/, "device"],
  [/^urn:flowctl:(declaration|reference)/, "declaration"],
  [/^urn:flowctl:weight/, "weight_t"],
  [/^urn:flowctl:handover/, "handover"],
  [/^urn:flowctl:pair/, "pair_plate"],
  [/^urn:flowctl:consent/, "consent"],
  [/^urn:flowctl:goods/, "goods_class"],
];

export function fieldOfRefusal({ type, values }: ApiError): Name | null {
  const said = values["field"];
  if (typeof said === "string" && NAMES.has(said)) return said as Name;
  return BEGINNINGS.find(([begins]) => begins.test(type))?.[1] ?? null;
}
