import { nameOf, t } from "../language";
import { wholeNumber } from "../time";
import type { DriverView } from "../types";

/** How full it is where the truck is to go: its gate's queue and the yards. */
export function Near({ view }: { view: DriverView }) {
  const { gate_now: gate, yards_now: yards } = view;
  if (!gate && yards.length === 0) return null;
  return (
    <section class="near">
      <h2>{t("driver.near")}</h2>
      <dl>
        {gate && view.gate && (
          <>
            <div>
              <dt>{nameOf(view.gate.name)}</dt>
              <dd>{t(gate.state === "closed" ? "driver.near_closed" : "driver.near_open")}</dd>
            </div>
            <div>
              <dt>{t("driver.near_queue")}</dt>
              <dd>{wholeNumber(gate.queued)}</dd>
            </div>
            <div>
              <dt>{t("driver.near_lane")}</dt>
              <dd>{wholeNumber(gate.in_lane)}</dd>
            </div>
          </>
        )}
        {yards.map(({ yard, name, inside, capacity }) => (
          <div key={yard}>
            <dt>{nameOf(name)}</dt>
            <dd>
              {capacity === null
                ? t("driver.near_inside", { inside: wholeNumber(inside) })
                : t("driver.near_yard", {
                    inside: wholeNumber(inside),
                    capacity: wholeNumber(capacity),
                  })}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
