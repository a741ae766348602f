import { useState } from "preact/hooks";
import { address, call, type Described } from "../../call";
import { find, language, t } from "../../language";
import { who } from "../../operator/colleagues";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { localDay, wholeNumber } from "../../time";
import { now } from "../clock";
import { vnd } from "../trip/Money";

const AGAIN_MS = 30_000;
const FORMS = ["html", "csv", "xlsx"] as const;

/** What was taken on a day, by who took it and how; once it is `over` nothing is added to it. */
const getSums = (day: string): Promise<Described<"SettlementAnswer">> =>
  call("GET", "/v1/settlements/{day}", { path: { day } });
const fileOf = (day: string, form: string): string =>
  address("/v1/settlements/{day}.{form}", {
    path: { day, form },
    query: { language: language.value },
  });

/** A day's payments summed up, to be laid beside the till. */
export function Settlement({ timezone }: { timezone: string }) {
  const [day, setDay] = useState(() => localDay(now(), timezone));
  const { answer, wrong } = useAsked(() => getSums(day), AGAIN_MS, [day]);
  return (
    <section class="sheet settlement">
      <h2>{t("agency.settlement")}</h2>
      <p class="filters">
        <input
          type="date"
          name="day"
          required
          value={day}
          aria-label={t("agency.day")}
          onInput={(event) => event.currentTarget.value && setDay(event.currentTarget.value)}
        />
        {FORMS.map((form) => (
          <a
            key={form}
            href={fileOf(day, form)}
            target={form === "html" ? "_blank" : undefined}
            rel="noreferrer"
          >
            {t(`agency.as_${form}`)}
          </a>
        ))}
      </p>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {answer && (
        <p class="quiet">
          {[
            t(answer.over ? "agency.day_over" : "agency.day_open"),
            answer.first_receipt === null
              ? null
              : t("agency.receipts", {
                  first: answer.first_receipt,
                  last: answer.last_receipt ?? "",
                }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </p>
      )}
      {answer && (
        <table>
          <tbody>
            {answer.rows.map((one, n) => (
              <tr key={n}>
                <td>{one.gate === null ? t("common.none") : placeName(one.gate)}</td>
                <td>
                  {find(`declare_method.${one.method}`) ?? one.method}
                  <small>{who(one.by)}</small>
                </td>
                <td class="sum">{wholeNumber(one.n)}</td>
                <td class="sum">{vnd(one.amount_vnd)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td colSpan={2}>{t("agency.total")}</td>
              <td class="sum">{wholeNumber(answer.payments)}</td>
              <td class="sum" data-total={answer.total_vnd}>
                {vnd(answer.total_vnd)}
              </td>
            </tr>
          </tfoot>
        </table>
      )}
    </section>
  );
}
