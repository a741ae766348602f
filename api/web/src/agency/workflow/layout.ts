/** Where the stages of a variant stand in its picture: each right of all that it needs. Pure. */

import type { FlowStage } from "../types";

export const BOX = { width: 150, height: 46 } as const;
const GAP = { across: 46, down: 14 } as const;
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

/** How many stages at most come one after another before each; a circle ends where it began. */
function depths(stages: readonly FlowStage[]): Map<string, number> {
  const byId = new Map(stages.map((stage) => [stage.id, stage]));
  const known = new Map<string, number>();
  const asked = new Set<string>();
  function depth(id: string): number {
    const found = known.get(id);
    if (found !== undefined) return found;
    if (asked.has(id)) return 0;
    asked.add(id);
    const needs = (byId.get(id)?.needs ?? []).filter((need) => byId.has(need));
    const here = needs.reduce((most, need) => Math.max(most, depth(need) + 1), 0);
    known.set(id, here);
    return here;
  }
  stages.forEach(({ id }) => depth(id));
  return known;
}

export function layout(stages: readonly FlowStage[]): Picture {
  const at = depths(stages);
  const columns: FlowStage[][] = [];
  for (const stage of stages) (columns[at.get(stage.id) ?? 0] ??= []).push(stage);
  const tallest = columns.reduce((most, one) => Math.max(most, one?.length ?? 0), 0);
  const step = BOX.height + GAP.down;
  const height = EDGE * 2 + tallest * step - GAP.down;
  const boxes = columns.flatMap((column, across) => {
    const top = (height - column.length * step + GAP.down) / 2;
    return column.map((stage, down) => ({
      stage,
      x: EDGE + across * (BOX.width + GAP.across),
      y: top + down * step,
    }));
  });
  const byId = new Map(boxes.map((box) => [box.stage.id, box]));
  const lines = boxes.flatMap((to) =>
    to.stage.needs.flatMap((need) => {
      const from = byId.get(need);
      return from ? [{ from, to }] : [];
    }),
  );
  const width = EDGE * 2 + columns.length * (BOX.width + GAP.across) - GAP.across;
  return { boxes, lines, width, height };
}
