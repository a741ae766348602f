import { find, language, t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { getDues } from "./api";
import type { Place } from "./Declare";
import { money } from "./names";
import { Lines } from "./Price";

const AGAIN_MS = 20_000;
const FORMS = ["html", "pdf"] as const;

/** What a trip owes and why, what was paid, and the receipts. */
export function DuesOf({ trip, place }: { trip: number; place: Place }) {
  const { answer, wrong } = useAsked(() => getDues(trip), AGAIN_MS, [trip]);
  const spoken = language.value;
  return (
    <section class="panel dues">
      <h3>{t("declare.due")}</h3>
      {wrong !== null && <p class="quiet">{problem(wrong)}</p>}
      {answer && (
        <>
          <Lines quote={answer} />
          <p class={answer.due_vnd > 0 ? "owed" : "paid"}>
            {answer.due_vnd > 0
              ? t("declare.owed", { sum: money(answer.due_vnd) })
              : t("declare.nothing_owed")}
          </p>
          <ul>
            {answer.payments.map((one) => (
              <li key={one.id}>
                {money(one.amount_vnd)}{" "}
                <small>
                  {[
                    find(`declare_method.${one.method}`) ?? one.method,
                    siteMoment(one.paid_at, place.site.timezone),
                  ].join(" · ")}
                </small>{" "}
                {FORMS.filter((form) => form === "html" || spoken !== "zh").map((form) => (
                  <a
                    key={form}
                    href={`/v1/payments/${one.id}/receipt.${form}?language=${spoken}`}
                    target="_blank"
                    rel="noreferrer"
                  >
                    {t("declare.receipt", { n: String(one.receipt), form: form.toUpperCase() })}
                  </a>
                ))}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
