import { nameOf, t } from "../../language";
import { decimal, wholeNumber } from "../../time";
import { RunName } from "./RunName";
import type { Shown } from "./shown";

/** What makes each result again, bit for bit: scenario, seed, replications and versions. */
export function Asked({ shown }: { shown: Shown[] }) {
  return (
    <details class="asked">
      <summary>{t("planner.asked")}</summary>
      <ul>
        {shown.map(({ id, label, result }, run) => (
          <li key={id}>
            <RunName run={run} label={label} />
            <span class="quiet">
              {t("planner.asked_run", {
                name: nameOf(result.name),
                seed: result.seed,
                n: wholeNumber(result.replications),
                version: result.version,
                policy: result.policy ?? t("common.none"),
                s: decimal(result.seconds, 0, 2),
              })}{" "}
              <code title={result.digest}>{result.digest.slice(0, 16)}</code>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
