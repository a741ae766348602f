import { getOvertakes, getPlan } from "../client";
import { ApiError } from "../request";
import { nameOf, t } from "../language";
import type { Overtakes as Counts, Plan } from "../order";
import { Overtakes } from "../parts/Overtakes";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { clockTime, decimal, instant, wholeNumber } from "../time";
import type { Site } from "../types";
import { Prices } from "./Prices";

const ASK_AGAIN_MS = 15_000;

/** The newest plan: what it costs, how far it is proved, and what one more place is worth. */
export function PlanNow({ site }: { site: Site }) {
  const plan = useAsked(getPlan, ASK_AGAIN_MS, []);
  const overtakes = useAsked(getOvertakes, ASK_AGAIN_MS, []);
  const none = plan.wrong instanceof ApiError && plan.wrong.status === 404;
  const wrong = overtakes.wrong ?? (none ? null : plan.wrong);
  return (
    <main>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {none && <p class="empty">{t("planner.plan_none")}</p>}
      {plan.answer && <Facts plan={plan.answer} timezone={site.timezone} />}
      {plan.answer && <Prices plan={plan.answer} site={site} />}
      {overtakes.answer && <Passed counts={overtakes.answer} site={site} />}
    </main>
  );
}

function Facts({ plan, timezone }: { plan: Plan; timezone: string }) {
  const vnd = (units: number): string => `${wholeNumber(Math.round(units * plan.unit_vnd))} ₫`;
  const proved = plan.gap !== null;
  const facts: [string, string, string?][] = [
    [t("planner.status"), t(`planner.status_${plan.status}`)],
    [t("planner.plan_trips"), wholeNumber(plan.trips)],
    [t("planner.unserved"), wholeNumber(plan.unserved)],
    [t("planner.cost"), vnd(plan.cost)],
    [t("planner.bound"), proved ? vnd(plan.bound) : t("common.none")],
    [
      t("planner.gap"),
      plan.gap === null ? t("common.none") : `${decimal(100 * plan.gap, 0, 2)} %`,
    ],
    [t("planner.inversions"), wholeNumber(plan.inversions), t("planner.inversions_hint")],
    [t("planner.policy"), plan.policy ?? t("common.none")],
  ];
  return (
    <section class="facts" data-status={plan.status}>
      <h2>
        {t("planner.plan_made", {
          time: clockTime(instant(plan.planned_at), timezone),
          s: decimal(plan.solve_s, 1, 2),
        })}
      </h2>
      <dl>
        {facts.map(([name, value, hint]) => (
          <div key={name} title={hint ?? ""}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

function Passed({ counts, site }: { counts: Counts; site: Site }) {
  return (
    <section class="passed">
      <h2>{t("planner.overtakes")}</h2>
      {site.gates.map((gate) => (
        <Overtakes
          key={gate.id}
          title={nameOf(gate.name)}
          counts={counts.gates[gate.id] ?? {}}
        />
      ))}
    </section>
  );
}
