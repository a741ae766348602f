import { t } from "../language";
import { duration } from "../time";
import type { Trip } from "../types";
import type { Place } from "./Declare";

/** By when a truck that goes out has to be back. */
export function WayBack({ trip }: { trip: Trip; place: Place }) {
  if (trip.returns_within_h === null) return null;
  return (
    <section class="panel">
      <h3>{t("declare.way_back")}</h3>
      <p>{t("declare.back_within", { time: duration(trip.returns_within_h * 3600) })}</p>
    </section>
  );
}
