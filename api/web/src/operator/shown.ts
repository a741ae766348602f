/** Which trucks are drawn, and in which order. */

import type { TruckState } from "../types";
import type { Truck } from "./live";
import { STATES } from "./palette";

/** What the legend switches: a state, or a flag that trucks of any state may have. */
export const FLAGS = ["held", "alarmed"] as const;
export type Flag = (typeof FLAGS)[number];
export type Shown = TruckState | Flag;

export const hasFlag = (truck: Truck, flag: Flag): boolean =>
  flag === "held" ? truck.held : truck.alarmed;

/**
 * The trucks to draw, the most important last and so on top.
 *
 * A truck that is held or alarmed is drawn whatever its state, unless that flag is hidden too.
 */
export function drawn(trucks: Iterable<Truck>, hidden: ReadonlySet<Shown>): Truck[] {
  const byState = new Map<TruckState, Truck[]>(STATES.map((state) => [state, []]));
  const flagged: Truck[] = [];
  for (const truck of trucks) {
    const flags = FLAGS.filter((flag) => hasFlag(truck, flag) && !hidden.has(flag));
    if (flags.length > 0) flagged.push(truck);
    else if (!hidden.has(truck.state)) byState.get(truck.state)?.push(truck);
  }
  return [...byState.values(), flagged].flat();
}
