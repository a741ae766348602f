/** How trucks pass now, and what desks, locks and facts are called. */

import { signal } from "@preact/signals";
import { call } from "../call";
import { find, t } from "../language";
import { factName, fieldName, learnNames } from "../parts/names";
import type { Belongs, Facts, FlowStage, Lock, WaitsFor, Workflow } from "./types";

/** How trucks pass now; undefined before the server has said it, null where no file says it. */
export const workflow = signal<Workflow | null | undefined>(undefined);

export async function learnWorkflow(): Promise<void> {
  const found: Workflow | null = await call("GET", "/v1/workflow");
  workflow.value = learnNames(found);
}

export function stageOf(id: string): FlowStage | undefined {
  const variants = workflow.value?.variants ?? [];
  return variants.flatMap(({ stages }) => stages).find((stage) => stage.id === id);
}

/** Whose a stage is, in words. */
export function deskName(desk: Belongs): string {
  if (desk === null) return t("agency.desk_nobody");
  return find(`desk.${desk}`) ?? desk;
}

export const lockName = (lock: Lock): string => t(`agency.lock_${lock}`);

export const factsInWords = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => `${fieldName(name)}: ${factName(name, value)}`)
    .join(" · ");

/** Whom a stage waits for; a desk that has several stages open is named once. */
export function waitedFor(waits: readonly WaitsFor[]): WaitsFor[] {
  const oldest = new Map<Belongs, WaitsFor>();
  for (const one of waits) {
    const known = oldest.get(one.desk);
    if (!known || one.since < known.since) oldest.set(one.desk, one);
  }
  return [...oldest.values()];
}
