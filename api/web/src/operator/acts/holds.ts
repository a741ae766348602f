/** By which act a truck is held. */

import type { Trip } from "../../types";
import type { ActRecord } from "./acts";

export const isHold = ({ kind }: ActRecord): boolean =>
  kind === "hold_truck" || kind === "hold_class";

/** The hold that stands on a trip: its own, else one of its class that leaves it no gate. */
export function holdOf(acts: readonly ActRecord[], trip: Trip): ActRecord | undefined {
  if (trip.state !== "active") return undefined;
  const own = acts.find((act) => act.kind === "hold_truck" && act.trip_id === trip.id);
  if (own || trip.direction !== "export") return own;
  const fit = acts.filter(
    ({ kind, params: { cargo, haulier } }) =>
      kind === "hold_class" &&
      (cargo ?? trip.cargo) === trip.cargo &&
      (haulier === undefined || haulier === trip.haulier),
  );
  const whole = fit.find(({ gate }) => gate === null);
  const closed = trip.gates.every((one) => fit.some(({ gate }) => gate === one));
  return whole ?? (closed ? fit[0] : undefined);
}
