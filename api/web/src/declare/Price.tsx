import { useEffect, useState } from "preact/hooks";
import { nameOf, t } from "../language";
import { fieldName, stageName } from "../parts/names";
import { problem } from "../parts/problem";
import { type Quote, quote } from "./api";
import type { Place } from "./Declare";
import { bodyOf, type Values, weightClass } from "./form";
import { money, reasonOf } from "./names";

const TYPED_MS = 500;
const FACTS = [
  "direction",
  "load",
  "cargo",
  "goods_class",
  "nationality",
  "handover",
] as const;

/** What the fees go by, of what was filled in so far. */
function factsOf(values: Values, place: Place): Record<string, string> {
  const body = bodyOf(values, place.workflow, place.site.timezone);
  const facts: Record<string, string> = {};
  for (const name of FACTS) {
    const value = body[name];
    if (typeof value === "string" && value) facts[name] = value;
  }
  const heavy = values.load === "laden" ? weightClass(values, place.workflow) : null;
  if (heavy) facts["weight_class"] = heavy;
  if (values.gates[0]) facts["gate"] = values.gates[0];
  return facts;
}

/** What the journey will cost, line by line, as far as it is known. */
export function Price({ values, place }: { values: Values; place: Place }) {
  const [found, setFound] = useState<Quote | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const facts = factsOf(values, place);
  const text = JSON.stringify(facts);
  useEffect(() => {
    if (!facts["gate"]) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      quote(facts).then(
        (answer) => current && (setFound(answer), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    }, TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);

  if (wrong !== null) return <p class="quiet">{problem(wrong)}</p>;
  return (
    <section class="price" aria-live="polite" aria-label={t("declare.price")}>
      <h2>{t("declare.price")}</h2>
      {found === null || !facts["gate"] ? (
        <p class="quiet">{t("declare.price_later")}</p>
      ) : (
        <Lines quote={found} />
      )}
    </section>
  );
}

export function Lines({ quote: { lines, withheld, total_vnd } }: { quote: Quote }) {
  return (
    <table class="lines">
      <tbody>
        {lines.map((line) => (
          <tr key={line.service}>
            <th scope="row">
              {nameOf(line.name)}
              <small>{reasonOf(line.why)}</small>
            </th>
            <td class="sum">{money(line.amount_vnd)}</td>
          </tr>
        ))}
        {withheld.map((one) => (
          <tr key={one.service} class="quiet">
            <th scope="row">
              {nameOf(one.name)}
              <small>
                {one.until_stage !== null
                  ? t("declare.withheld", { stage: stageName(one.until_stage) })
                  : t("declare.withheld_fact", { field: fieldName(one.until_fact ?? "") })}
              </small>
            </th>
            <td class="sum">{t("common.none")}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row">{t("declare.total")}</th>
          <td class="sum">{money(total_vnd)}</td>
        </tr>
      </tfoot>
    </table>
  );
}
