/** What another version of the rules changes, stage by stage. Pure. */

import type { FlowStage, Variant } from "../types";

export interface Change {
  variant: Variant;
  what: "added" | "removed" | "changed";
  stage: FlowStage;
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
    if (!former) return [{ variant, what: "added", stage, fields: [] }];
    const fields = FIELDS.filter((field) => !same(former[field], stage[field]));
    return fields.length > 0 ? [{ variant, what: "changed", stage, fields }] : [];
  });
  const now = new Set(variant.stages.map(({ id }) => id));
  const removed = before
    .filter(({ id }) => !now.has(id))
    .map((stage): Change => ({ variant, what: "removed", stage, fields: [] }));
  return [...found, ...removed];
}

/** Return what differs; a variant that is new or gone differs in all its stages. */
export function difference(before: readonly Variant[], after: readonly Variant[]): Change[] {
  const former = new Map(before.map((one) => [one.id, one]));
  const now = new Set(after.map(({ id }) => id));
  return [
    ...after.flatMap((one) => changesOf(one, former.get(one.id)?.stages ?? [])),
    ...before
      .filter(({ id }) => !now.has(id))
      .flatMap((one) => changesOf({ ...one, stages: [] }, one.stages)),
  ];
}
