import type { TruckState } from "../types";
import { STATE_COLOUR } from "./palette";

/** The shapes of the map, about the middle of a box of 20; see the shader in `truck_layer.ts`. */
const OUTLINE: Record<TruckState, string> = {
  parked: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15",
  silent: "M10 2.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 1 0 0-15",
  moving: "M10 1.5l5.5 15.5-5.5-2.6-5.5 2.6z",
  staged: "M3 3h14v14h-14z",
  released: "M10 0.8l9.2 9.2-9.2 9.2-9.2-9.2z",
  queued: "M5.6 2.4h8.8l4.4 7.6-4.4 7.6h-8.8l-4.4-7.6z",
  in_lane: "M6.8 1h6.4v5.8h5.8v6.4h-5.8v5.8h-6.4v-5.8h-5.8v-6.4h5.8z",
};

/** A truck's state as the map draws it: a colour and a shape. */
export function Mark({ state }: { state: TruckState }) {
  const colour = STATE_COLOUR[state];
  const hollow = state === "silent";
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      <path
        d={OUTLINE[state]}
        fill={hollow ? "none" : colour}
        stroke={hollow ? colour : "#0a0f13"}
        stroke-width={hollow ? 2.4 : 1.2}
      />
    </svg>
  );
}

/** The ring round a truck that is held, or that an alert is about. */
export function Ring({ of }: { of: "held" | "alarmed" }) {
  return (
    <svg class={`mark ring ${of}`} viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="7.6" fill="none" stroke-width="3" />
    </svg>
  );
}
