/** What another version of the rules changes, stage by stage. Pure. */

import type { FlowStage, Variant } from "../types";

export interface Change {
  /** The ways of handing over that it concerns. */
  variants: Variant[];
  what: "added" | "removed" | "changed";
  stage: FlowStage;
  /** The stage as it was, where it was. */
  former: FlowStage | null;
  /** Of a changed stage: which of its fields. */
  fields: (keyof FlowStage)[];
}

const FIELDS: readonly (keyof FlowStage)[] = [
  "name",
  "desk",
  "proofs",
  "needs",
  "applies",
  "unlocks",
  "settles",
  "expires_h",
];

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function changesOf(variant: Variant, before: readonly FlowStage[]): Change[] {
  const known = new Map(before.map((stage) => [stage.id, stage]));
  const found = variant.stages.flatMap((stage): Change[] => {
    const former = known.get(stage.id);
    if (!former) return [{ variants: [variant], what: "added", stage, former: null, fields: [] }];
    const fields = FIELDS.filter((field) => !same(former[field], stage[field]));
    if (fields.length === 0) return [];
    return [{ variants: [variant], what: "changed", stage, former, fields }];
  });
  const now = new Set(variant.stages.map(({ id }) => id));
  const removed = before
    .filter(({ id }) => !now.has(id))
    .map((stage): Change => {
      return { variants: [variant], what: "removed", stage, former: stage, fields: [] };
    });
  return [...found, ...removed];
}

/** Stages stand once in a file: what changes in one changes in every variant that has it. */
function together(changes: readonly Change[]): Change[] {
  const found = new Map<string, Change>();
  for (const one of changes) {
    const key = JSON.stringify([one.what, one.stage, one.former]);
    const known = found.get(key);
    if (known) known.variants.push(...one.variants);
    else found.set(key, { ...one, variants: [...one.variants] });
  }
  return [...found.values()];
}

/** Return what differs; a variant that is new or gone differs in all its stages. */
export function difference(before: readonly Variant[], after: readonly Variant[]): Change[] {
  const former = new Map(before.map((one) => [one.id, one]));
  const now = new Set(after.map(({ id }) => id));
  return together([
    ...after.flatMap((one) => changesOf(one, former.get(one.id)?.stages ?? [])),
    ...before
      .filter(({ id }) => !now.has(id))
      .flatMap((one) => changesOf({ ...one, stages: [] }, one.stages)),
  ]);
}
