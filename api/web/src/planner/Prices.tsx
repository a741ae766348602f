import { nameOf, t } from "../language";
import type { Plan } from "../order";
import { clockTime, dayMonth, instant, moment, wholeNumber } from "../time";
import type { Site } from "../types";

/** How many times of day stand below a picture. */
const MARKS = 6;

type Price = Plan["prices"][number];

interface Props {
  plan: Plan;
  site: Site;
}

/** What one more place in each slot would save, a row a gate or lane class: all on one scale. */
export function Prices({ plan, site }: Props) {
  const starts = [...new Set(plan.prices.map((one) => Date.parse(one.starts_at)))].sort(
    (a, b) => a - b,
  );
  const [first] = starts;
  const last = starts.at(-1);
  const dearest = Math.max(0, ...plan.prices.map((one) => one.price_vnd));
  if (first === undefined || last === undefined || dearest === 0) {
    return (
      <section class="prices">
        <h2>{t("planner.prices")}</h2>
        <p>{t("planner.prices_none")}</p>
      </section>
    );
  }
  // The shortest step there is: nights and closures have no slots and stay empty.
  const step = Math.min(
    15 * 60_000,
    ...starts.slice(1).map((at, n) => at - (starts[n] ?? at - 1)),
  );
  const whole = last + step - first;
  const percent = (part: number): string => `${(100 * part) / whole}%`;
  const now = instant(plan.planned_at);
  return (
    <section class="prices">
      <h2>{t("planner.prices")}</h2>
      <p>{t("planner.prices_hint", { minutes: Math.round(step / 60_000) })}</p>
      {rowsOf(plan, site).map(({ gate, lanes }) => {
        const slots = plan.prices.filter((one) => one.gate === gate.id && one.lane_class === lanes);
        const name = lanes === null ? nameOf(gate.name) : `${nameOf(gate.name)} · ${lanes}`;
        const key = `${gate.id} ${lanes ?? ""}`;
        const top = slots.reduce<Price | null>(
          (best, one) => (one.price_vnd > (best?.price_vnd ?? 0) ? one : best),
          null,
        );
        if (!top) {
          return (
            <figure key={key}>
              <figcaption>
                {name} <small>{t("planner.prices_none")}</small>
              </figcaption>
            </figure>
          );
        }
        return (
          <figure key={key} data-prices={gate.id}>
            <figcaption>
              {name}{" "}
              <small>
                {t("planner.prices_most", {
                  price: wholeNumber(top.price_vnd),
                  time: moment(instant(top.starts_at), now, site.timezone),
                })}
              </small>
            </figcaption>
            <div class="strip">
              {slots.map((one) => {
                const at = instant(one.starts_at);
                const share = one.price_vnd / dearest;
                return (
                  <i
                    key={one.starts_at}
                    title={t("planner.price", {
                      time: moment(at, now, site.timezone),
                      price: wholeNumber(one.price_vnd),
                    })}
                    style={{
                      left: percent(at.getTime() - first),
                      width: percent(step),
                      "--share": share,
                    }}
                  />
                );
              })}
            </div>
          </figure>
        );
      })}
      <Times first={first} whole={whole} timezone={site.timezone} />
    </section>
  );
}

/** A row for each gate, or for each of its lane classes in which places are short. */
function rowsOf(plan: Plan, site: Site) {
  return site.gates.flatMap((gate) => {
    const here = plan.prices.filter((one) => one.gate === gate.id).map((one) => one.lane_class);
    const classes = here.length === 0 ? [null] : [...new Set(here)].sort();
    return classes.map((lanes) => ({ gate, lanes }));
  });
}

function Times({ first, whole, timezone }: { first: number; whole: number; timezone: string }) {
  const marks = Array.from({ length: MARKS }, (_, n) => new Date(first + (whole * n) / MARKS));
  return (
    <ol class="marks" aria-hidden="true">
      {marks.map((at, n) => {
        const before = marks[n - 1];
        const day = dayMonth(at, timezone);
        const turned = before === undefined || dayMonth(before, timezone) !== day;
        return (
          <li key={at.getTime()}>
            {clockTime(at, timezone)}
            {turned && <b> {day}</b>}
          </li>
        );
      })}
    </ol>
  );
}
