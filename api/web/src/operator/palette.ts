/** One colour a meaning, the same on the map, the legend and the boards. */

import type { TruckState, ZoneRole } from "../types";

/** In the order of a truck's way; later ones are drawn above earlier ones. */
export const STATES: readonly TruckState[] = [
  "silent",
  "parked",
  "moving",
  "staged",
  "released",
  "queued",
  "in_lane",
];

export const STATE_COLOUR: Record<TruckState, string> = {
  silent: "#b9c3cd",
  parked: "#8496a5",
  moving: "#4cc2ff",
  staged: "#3fb68b",
  released: "#ffd04d",
  queued: "#ff8a4c",
  in_lane: "#c797ff",
};

/** A shape for each as well, for eyes that do not tell the colours apart: see `Mark.tsx`. */
export const SHAPE: Record<TruckState, number> = {
  parked: 0,
  moving: 1,
  staged: 2,
  released: 3,
  queued: 4,
  in_lane: 5,
  silent: 6,
};

export const ROLE_COLOUR: Record<ZoneRole, string> = {
  approach: "#3a5568",
  yard: "#2f8f6f",
  queue: "#b8622f",
  lane: "#8a63bd",
  beyond: "#5b6b78",
};

/** How full a yard is, 0…1: calm, then a warning, then full. */
export const LOAD_STOPS: readonly (readonly [number, string])[] = [
  [0, "#2b6f5a"],
  [0.7, "#2f8f6f"],
  [0.85, "#b98a2e"],
  [1, "#c2504a"],
];

export function loadColour(share: number): string {
  if (share >= 1) return "var(--bad)";
  return share >= 0.85 ? "var(--warn)" : "var(--good)";
}
