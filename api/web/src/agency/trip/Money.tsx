import { useState } from "preact/hooks";
import { find, language, nameOf, t } from "../../language";
import { wholeNumber } from "../../time";
import { factValue, stageName } from "../names";
import { Refund } from "../fees/Refund";
import { PayForm } from "../fees/PayForm";
import type { Dues, Line, Payment } from "./declaration";

interface Props {
  trip: number;
  dues: Dues;
  /** Whether the reader takes money: the tax desk and the yard. */
  mayTake: boolean;
  onChanged: () => void;
}

export const vnd = (sum: number): string => t("agency.vnd", { n: wholeNumber(sum) });

/** What a trip owes and why, what was paid, and the way to take it. */
export function Money({ trip, dues, mayTake, onChanged }: Props) {
  const settled = dues.due_vnd <= 0 && dues.lines.length > 0;
  return (
    <section class="money">
      <h2>
        {t("agency.dues")}
        <b class={settled ? "good" : dues.due_vnd > 0 ? "due" : ""} data-due={dues.due_vnd}>
          {settled ? t("agency.all_paid") : vnd(dues.due_vnd)}
        </b>
      </h2>
      <table>
        <tbody>
          {dues.lines.map((line) => (
            <tr key={line.service}>
              <td>
                {nameOf(line.name)}
                <small>{because(line)}</small>
              </td>
              <td class="sum">{vnd(line.amount_vnd)}</td>
            </tr>
          ))}
          {dues.withheld.map((one) => (
            <tr key={one.service} class="withheld">
              <td>
                {nameOf(one.name)}
                <small>{t("agency.withheld", { stage: stageName(one.until_stage) })}</small>
              </td>
              <td class="sum">{t("common.none")}</td>
            </tr>
          ))}
          {dues.payments.map((one) => (
            <Paid key={one.id} payment={one} mayTake={mayTake} dues={dues} onChanged={onChanged} />
          ))}
        </tbody>
      </table>
      {mayTake && dues.due_vnd > 0 && (
        <PayForm key={dues.due_vnd} trip={trip} due={dues.due_vnd} onPaid={onChanged} />
      )}
    </section>
  );
}

/** Why a line is as high as it is. */
function because({ why }: Line): string {
  return why
    .map(({ kind, values }) =>
      (find(`agency.because_${kind}`) ?? kind).replace(/\{(\w+)\}/g, (_, name: string) =>
        shown(name, values[name]),
      ),
    )
    .join(" · ");
}

function shown(name: string, value: string | number | undefined): string {
  if (value === undefined) return t("common.none");
  return typeof value === "number" ? wholeNumber(value) : factValue(name, value);
}

interface PaidProps {
  payment: Payment;
  dues: Dues;
  mayTake: boolean;
  onChanged: () => void;
}

function Paid({ payment, dues, mayTake, onChanged }: PaidProps) {
  const [asks, setAsks] = useState(false);
  const { id, amount_vnd, method, receipt, reference } = payment;
  const givenBack = dues.payments.some((one) => one.of_payment === id);
  return (
    <tr class="payment" data-payment={id}>
      <td>
        <a
          href={`/v1/payments/${id}/receipt.html?language=${language.value}`}
          target="_blank"
          rel="noreferrer"
        >
          {t("agency.receipt_no", { n: receipt })}
        </a>
        <small>
          {[find(`declare_method.${method}`) ?? method, reference].filter(Boolean).join(" · ")}
        </small>
        {mayTake && amount_vnd > 0 && !givenBack && !asks && (
          <button type="button" class="link" onClick={() => setAsks(true)}>
            {t("agency.refund")}
          </button>
        )}
        {asks && (
          <Refund
            payment={id}
            onDone={() => {
              setAsks(false);
              onChanged();
            }}
            onLeave={() => setAsks(false)}
          />
        )}
      </td>
      <td class="sum">−{vnd(amount_vnd)}</td>
    </tr>
  );
}
