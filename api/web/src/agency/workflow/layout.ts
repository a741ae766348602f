/** Where the stages of a variant stand in its picture: each below all that it needs. Pure. */

import type { FlowStage } from "../types";

export const BOX = { width: 168, height: 42 } as const;
const GAP = { across: 16, down: 30 } as const;
const EDGE = 6;

export interface Box {
  stage: FlowStage;
  x: number;
  y: number;
}

export interface Picture {
  boxes: Box[];
  lines: { from: Box; to: Box }[];
  width: number;
  height: number;
}

type Stages = ReadonlyMap<string, FlowStage>;

/** How many stages at most come one after another before each; a circle ends where it began. */
function depths(stages: Stages): Map<string, number> {
  const known = new Map<string, number>();
  const asked = new Set<string>();
  function depth(id: string): number {
    const found = known.get(id);
    if (found !== undefined) return found;
    if (asked.has(id)) return 0;
    asked.add(id);
    const needs = (stages.get(id)?.needs ?? []).filter((need) => stages.has(need));
    const here = needs.reduce((most, need) => Math.max(most, depth(need) + 1), 0);
    known.set(id, here);
    return here;
  }
  for (const id of stages.keys()) depth(id);
  return known;
}

/** Everything that comes before a stage, however far. */
function before(id: string, stages: Stages, seen = new Set<string>()): Set<string> {
  for (const need of stages.get(id)?.needs ?? []) {
    if (stages.has(need) && !seen.has(need)) {
      seen.add(need);
      before(need, stages, seen);
    }
  }
  return seen;
}

/** The needs that no other need implies: the lines that are worth drawing. */
function nearest(stage: FlowStage, stages: Stages): string[] {
  const needs = stage.needs.filter((need) => stages.has(need));
  return needs.filter(
    (need) => !needs.some((other) => other !== need && before(other, stages).has(need)),
  );
}

export function layout(all: readonly FlowStage[]): Picture {
  const stages: Stages = new Map(all.map((stage) => [stage.id, stage]));
  const at = depths(stages);
  const rows: FlowStage[][] = [];
  for (const stage of all) (rows[at.get(stage.id) ?? 0] ??= []).push(stage);
  const widest = rows.reduce((most, row) => Math.max(most, row.length), 0);
  const step = BOX.width + GAP.across;
  const width = EDGE * 2 + widest * step - GAP.across;
  const boxes = rows.flatMap((row, down) => {
    const left = (width - row.length * step + GAP.across) / 2;
    return row.map((stage, across) => ({
      stage,
      x: left + across * step,
      y: EDGE + down * (BOX.height + GAP.down),
    }));
  });
  const byId = new Map(boxes.map((box) => [box.stage.id, box]));
  const lines = boxes.flatMap((to) =>
    nearest(to.stage, stages).flatMap((need) => {
      const from = byId.get(need);
      return from ? [{ from, to }] : [];
    }),
  );
  const height = EDGE * 2 + rows.length * (BOX.height + GAP.down) - GAP.down;
  return { boxes, lines, width, height };
}
