/** At which field a refusal of the server is said. */

import type { ApiError } from "../request";
import { type Name, TEXTS } from "./form";

const NAMES: ReadonlySet<string> = new Set([...TEXTS, "gates", "consent"]);
/** Kinds of refusals that are about one field and do not name it. */
const FIELDS: Record<string, Name> = {
  barred: "plate",
  consent_missing: "consent",
  declaration_active: "declaration",
  device_active: "device",
  device_long: "device",
  gate_missing: "gates",
  haulier_long: "haulier",
  licence_out: "licence_until",
  nationality_form: "nationality",
  no_gate: "gates",
  no_goods_code: "goods_code",
  no_licence: "licence",
  no_phone: "phone",
  no_plate: "plate",
  pair_missing: "pair_plate",
  pair_without: "pair_plate",
  phone_abroad: "phone",
  phone_landline: "phone",
  plate_active: "plate",
  weight_class_other: "weight_t",
  weight_settled: "weight_t",
};
const KIND = /^urn:flowctl:([\w-]+)$/;

export function fieldOfRefusal({ type, values }: ApiError): Name | null {
  const said = values["field"];
  if (typeof said === "string" && NAMES.has(said)) return said as Name;
  return FIELDS[KIND.exec(type)?.[1] ?? ""] ?? null;
}
