/** What a site's workflow calls its stages, classes and ways of handing over; one of them by code. */

import { signal } from "@preact/signals";
import { find, nameOf } from "../language";
import type { Names } from "../types";
import { callCodes, placeName } from "./place";

interface Named {
  id: string;
  name: Names;
}

interface Workflow {
  variants: { stages: Named[] }[];
  goods_classes: Named[];
  weight_classes: Named[];
  handovers: Named[];
}

const known = signal<Workflow | null>(null);

/** Take over the names of the workflow in force; null where a site has none. */
export function learnNames<W extends Workflow>(workflow: W | null): W | null {
  known.value = workflow;
  return workflow;
}

const among = (all: readonly Named[] | undefined, id: string): string | null => {
  const found = all?.find((one) => one.id === id);
  return found ? nameOf(found.name) : null;
};
const findStage = (id: string): string | null =>
  among(known.value?.variants.flatMap(({ stages }) => stages), id);

/** A stage's name; one of a former version, which the file in force has no more, by its code. */
export const stageName = (id: string): string => findStage(id) ?? id;
export const goodsName = (id: string): string => among(known.value?.goods_classes, id) ?? id;
export const weightName = (id: string): string => among(known.value?.weight_classes, id) ?? id;
export const handoverName = (id: string): string => among(known.value?.handovers, id) ?? id;

/** What a fact or field of a declaration is called. */
export const fieldName = (name: string): string =>
  find(`refusal_field.${name}`) ?? find(`agency.field_${name}`) ?? name;

/** The value of a fact in words, such as a class of goods. */
export function factName(name: string, value: unknown): string {
  const code = String(value);
  if (name === "goods_class") return goodsName(code);
  if (name === "weight_class") return weightName(code);
  if (name === "handover") return handoverName(code);
  if (name === "gate") return placeName(code);
  return find(`${name}.${code}`) ?? find(`agency.value_${name}_${code}`) ?? code;
}

const STATES = new Set(["waiting", "ready", "asked", "confirmed", "refused", "expired"]);

callCodes((name, value) => {
  if (name === "stage" || name === "needs") return findStage(value);
  if (name === "state" && STATES.has(value)) return find(`agency.state_${value}`);
  if (name === "reasons") return find(`agency.reason_${value}`);
  if (name === "handover" || name === "handovers") return handoverName(value);
  return null;
});
