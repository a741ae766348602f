import { nameOf, t } from "../language";
import type { PolicyResult, SimulationResult, Site } from "../types";
import { Chart } from "./Chart";
import { Measures } from "./Measures";

const KINDS = ["queue", "waiting"] as const;

function series(policy: PolicyResult, kind: (typeof KINDS)[number], gate: string): number[] {
  return policy[kind][gate] ?? [];
}

export function Results({ result, site }: { result: SimulationResult; site: Site }) {
  const { none, metering } = result.policies;
  return (
    <>
      <Measures none={none} metering={metering} gates={site.gates} />
      <section class="charts">
        {KINDS.flatMap((kind) =>
          site.gates.map((gate) => (
            <Chart
              key={`${kind} ${gate.id}`}
              name={`${kind}-${gate.id}`}
              title={t(`planner.${kind}_at`, { gate: nameOf(gate.name) })}
              minutes={result.minutes}
              timezone={site.timezone}
              without={series(none, kind, gate.id)}
              withControl={series(metering, kind, gate.id)}
            />
          )),
        )}
      </section>
    </>
  );
}
