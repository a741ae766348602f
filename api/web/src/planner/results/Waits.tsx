import { useMemo, useState } from "preact/hooks";
import { language, t } from "../../language";
import { decimal, duration } from "../../time";
import { Classes } from "./Classes";
import { Curves, type Curve } from "./Curves";
import type { Shown } from "./shown";

const KINDS = ["gate", "total"] as const;
type Kind = (typeof KINDS)[number];

const STEPS = [5, 10, 15, 30, 60, 120, 240, 480, 720];
/** What is left beyond it is a tail of single trucks, which would squeeze the rest. */
const TAIL = 0.995;

function cumulative(shown: Shown[], kind: Kind): Curve[] {
  return shown.map(({ label, result: { waits } }, run) => {
    const x = [waits.edges_min[0] ?? 0];
    const y = [0];
    let sum = 0;
    waits[kind].forEach((share, k) => {
      const before = sum;
      sum += share;
      if (before >= TAIL) return;
      x.push(waits.edges_min[k + 1] ?? x[x.length - 1] ?? 0);
      y.push(100 * sum);
    });
    return { label, run, x, y };
  });
}

/** How many trucks wait no longer than so long, and how long each kind of cargo waits. */
export function Waits({ shown }: { shown: Shown[] }) {
  const [kind, setKind] = useState<Kind>("total");
  const spoken = language.value;
  const curves = useMemo(() => cumulative(shown, kind), [shown, kind, spoken]);
  return (
    <section class="charts waits">
      <div class="choices" role="group" aria-label={t("planner.which_wait")}>
        {KINDS.map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === kind}
            onClick={() => setKind(one)}
          >
            {t(`planner.wait_${one}`)}
          </button>
        ))}
        <span class="quiet">{t(`planner.wait_${kind}_hint`)}</span>
      </div>
      <Curves
        name={`waits-${kind}`}
        title={t("planner.waits_title")}
        curves={curves}
        xLabel={t("planner.wait_up_to")}
        steps={STEPS}
        showX={(minutes) => (minutes === 0 ? "0" : duration(60 * minutes))}
        showY={(percent) => `${decimal(percent, 0, 0)} %`}
        least={100}
      />
      <Classes shown={shown} kind={kind} />
    </section>
  );
}
