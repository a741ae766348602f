/** Codes of the server in the reader's words. */

import { find, nameOf, t } from "../language";
import { callCodes, placeName } from "../parts/place";
import { ago, instant, wholeNumber } from "../time";
import type { Names } from "../types";
import type { Why, Workflow } from "./api";
import type { Name } from "./form";

export const money = (vnd: number): string => t("declare.money", { n: wholeNumber(vnd) });
export const fieldName = (name: string): string =>
  find(`refusal_field.${name}`) ?? find(`agency.field_${name}`) ?? name;
export const deskName = (desk: string | null): string =>
  desk === null ? "" : (find(`desk.${desk}`) ?? desk);

/** From whom a field is: the last trip, or another system by its name. */
export function originName(origin: string): string {
  const [kind, name] = origin.split(":", 2);
  if (kind !== "source" || !name) return find(`declare_origin.${origin}`) ?? origin;
  return t("declare.from_source", { name: find(`desk.${name}`) ?? name });
}

const named = (among: readonly { id: string; name: Names }[], id: string): string => {
  const found = among.find((one) => one.id === id);
  return found ? nameOf(found.name) : id;
};

export const goodsClassName = (id: string, workflow: Workflow | null): string =>
  named(workflow?.goods_classes ?? [], id);
export const weightClassName = (id: string, workflow: Workflow | null): string =>
  named(workflow?.weight_classes ?? [], id);
export const handoverName = (id: string, workflow: Workflow | null): string =>
  named(workflow?.handovers ?? [], id);
export const stageName = (id: string, workflow: Workflow | null): string =>
  named(workflow?.variants.flatMap(({ stages }) => stages) ?? [], id);

/** Have refusals say ways of handing over and stages as the site's workflow names them. */
export function learnCodes(workflow: Workflow | null): Workflow | null {
  callCodes((name, value) => {
    if (name === "handover" || name === "handovers") return handoverName(value, workflow);
    return name === "stage" ? stageName(value, workflow) : null;
  });
  return workflow;
}

/** The value of a fact in words, such as a class of goods. */
export function factName(name: string, code: string, workflow: Workflow | null): string {
  if (name === "goods_class") return goodsClassName(code, workflow);
  if (name === "weight_class") return weightClassName(code, workflow);
  if (name === "handover") return handoverName(code, workflow);
  if (name === "gate") return placeName(code);
  return find(`${name}.${code}`) ?? find(`agency.value_${name}_${code}`) ?? code;
}

/** Why a line of fees is as high as it is, in words. */
export function reasonOf({ values }: Why, workflow: Workflow | null): string {
  const facts = Object.entries(values)
    .filter((one): one is [string, string] => typeof one[1] === "string")
    .map(([name, code]) => factName(name, code, workflow));
  const days = values["days"];
  const stay = days === undefined ? [] : [t("declare.days_in_yard", { n: days })];
  return [...facts, ...stay].join(", ");
}

/** How long ago by the site's clock. */
export const since = (iso: string, now: Date): string =>
  ago((now.getTime() - instant(iso).getTime()) / 1000);

export const inputId = (name: Name): string => `field-${name}`;
