/** A replication's trucks on one way as lines of time and distance, as the console draws real ones. */

import type { TruckLine, Way } from "../../types";
import type { TruckColumns } from "../types";
import { isExport } from "./journeys";

/** In the order of a truck's way; colours are the page's. */
export const STAGES = [
  { name: "yard", colour: "--staged" },
  { name: "road", colour: "--released" },
  { name: "queue", colour: "--queued" },
  { name: "lane", colour: "--in-lane" },
] as const;
const [YARD, ROAD, QUEUE, LANE] = [0, 1, 2, 3];

/** Room a truck takes in a queue, lanes side by side: 20 m each in two rows. */
const PLACE_M = 10;
/** How far the lane lies behind the stop line, as a picture wants it. */
const LANE_M = 60;
/** The share of the picture that the yard's trucks are laid out over, above the way. */
const YARD_SHARE = 0.35;

export interface StagedLine extends TruckLine {
  /** By point, the stage of the stretch that ends there. */
  stages: number[];
}

/** How many of those who came before are still there when each comes, both sorted by coming. */
function ranks(comes: number[], goes: number[]): number[] {
  const leaving = [...goes].sort((a, b) => a - b);
  let gone = 0;
  return comes.map((at, k) => {
    while (gone < leaving.length && (leaving[gone] ?? Infinity) <= at) gone += 1;
    return Math.max(0, k - gone);
  });
}

/** Lines of exports that go this way; `m` is metres to the gate, in the yard beyond its way out. */
export function linesOf(
  trucks: TruckColumns,
  way: Way,
  first: number,
  last: number,
): StagedLine[] {
  const gate = trucks.gates.indexOf(way.gate ?? "");
  const yard = trucks.yards.indexOf(way.yard);
  const own = trucks.gate
    .map((_, i) => i)
    .filter((i) => isExport(trucks, i) && trucks.gate[i] === gate && trucks.yard[i] === yard)
    .filter((i) => trucks.yard_at[i] !== null)
    .sort((a, b) => (trucks.yard_at[a] ?? 0) - (trucks.yard_at[b] ?? 0));
  const leaves = (i: number): number => trucks.left_at[i] ?? trucks.turned_at[i] ?? last;
  const inYard = ranks(own.map((i) => trucks.yard_at[i] ?? first), own.map(leaves));
  const perRank = (YARD_SHARE * way.length_m) / Math.max(1, ...inYard);
  const queued = tailsOf(trucks, gate);
  return own.map((i, k) => {
    const line: StagedLine = { plate: null, trip: null, elsewhere: false, s: [], m: [], stages: [] };
    const add = (at: number, metres: number, stage: number): void => {
      line.s.push(at - first);
      line.m.push(metres);
      line.stages.push(stage);
    };
    const place = way.length_m + perRank * (inYard[k] ?? 0);
    const [left, gateAt, start, clear] = [
      trucks.left_at[i], trucks.gate_at[i], trucks.start_at[i], trucks.clear_at[i],
    ];
    add(trucks.yard_at[i] ?? first, place, YARD);
    add(leaves(i), place, YARD);
    if (left === null || left === undefined) return line;
    const tail = Math.min(PLACE_M * (queued.get(i) ?? 0), way.length_m * 0.9);
    add(left, way.length_m, YARD);
    if (gateAt === null || gateAt === undefined) return line;
    add(gateAt, tail, ROAD);
    if (start === null || start === undefined) {
      add(last, tail, QUEUE);
      return line;
    }
    add(start, 0, QUEUE);
    add(clear ?? last, -LANE_M, LANE);
    return line;
  });
}

/** By truck, how many exports stood in a gate's queue when it came. */
function tailsOf(trucks: TruckColumns, gate: number): Map<number, number> {
  const came = trucks.gate
    .map((_, i) => i)
    .filter((i) => trucks.gate[i] === gate && isExport(trucks, i) && trucks.gate_at[i] !== null)
    .sort((a, b) => (trucks.gate_at[a] ?? 0) - (trucks.gate_at[b] ?? 0));
  const before = ranks(
    came.map((i) => trucks.gate_at[i] ?? 0),
    came.map((i) => trucks.start_at[i] ?? Infinity),
  );
  return new Map(came.map((i, k) => [i, before[k] ?? 0]));
}
