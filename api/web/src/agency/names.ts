/** What stages, classes and desks are called: by the site's file where it names them. */

import { signal } from "@preact/signals";
import { find, nameOf, t } from "../language";
import { callCodes } from "../parts/place";
import { request } from "../request";
import type { Names } from "../types";
import type { Belongs, Facts, FlowStage, Lock, Named, WaitsFor, Workflow } from "./types";

/** How trucks pass now; undefined before the server has said it, null where no file says it. */
export const workflow = signal<Workflow | null | undefined>(undefined);

export async function learnWorkflow(): Promise<void> {
  workflow.value = (await request<Workflow | null>("GET", "/v1/workflow")) ?? null;
}

export function stageOf(id: string): FlowStage | undefined {
  const variants = workflow.value?.variants ?? [];
  return variants.flatMap(({ stages }) => stages).find((stage) => stage.id === id);
}

const named = (names: Names | undefined, id: string): string => (names ? nameOf(names) : id);
const nameIn = (all: readonly Named[] | undefined, id: string): string =>
  named(all?.find((one) => one.id === id)?.name, id);

/** A stage's name; one of a former version, which the file in force has no more, by its code. */
export const stageName = (id: string): string => named(stageOf(id)?.name, id);
export const goodsName = (id: string): string => nameIn(workflow.value?.goods_classes, id);
export const weightName = (id: string): string => nameIn(workflow.value?.weight_classes, id);
export const handoverName = (id: string): string => nameIn(workflow.value?.handovers, id);

/** Whose a stage is, in words. */
export function deskName(desk: Belongs): string {
  if (desk === null) return t("agency.desk_nobody");
  return find(`desk.${desk}`) ?? desk;
}

export const lockName = (lock: Lock): string => t(`agency.lock_${lock}`);

/** The value of a fact, such as a cargo class, in words. */
export function factValue(name: string, value: unknown): string {
  const code = String(value);
  if (name === "goods_class") return goodsName(code);
  if (name === "weight_class") return weightName(code);
  if (name === "handover") return handoverName(code);
  if (name === "cargo" || name === "direction") return find(`${name}.${code}`) ?? code;
  return find(`agency.value_${name}_${code}`) ?? code;
}

/** What a fact or field of a declaration is called. */
export const fieldName = (name: string): string => find(`refusal_field.${name}`) ?? find(`agency.field_${name}`) ?? name;

export const factsInWords = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => `${fieldName(name)}: ${factValue(name, value)}`)
    .join(" · ");

const STATES = new Set(["waiting", "ready", "asked", "confirmed", "refused", "expired"]);

callCodes((name, value) => {
  if (name === "stage" || name === "needs") return stageOf(value) ? stageName(value) : null;
  if (name === "state" && STATES.has(value)) return find(`agency.state_${value}`);
  if (name === "reasons") return find(`agency.reason_${value}`);
  if (name === "handover" || name === "handovers") return handoverName(value);
  return null;
});

/** Whom a stage waits for; a desk that has several stages open is named once. */
export function waitedFor(waits: readonly WaitsFor[]): WaitsFor[] {
  const oldest = new Map<Belongs, WaitsFor>();
  for (const one of waits) {
    const known = oldest.get(one.desk);
    if (!known || one.since < known.since) oldest.set(one.desk, one);
  }
  return [...oldest.values()];
}
