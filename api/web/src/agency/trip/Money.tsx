import { useState } from "preact/hooks";
import { find, language, nameOf, t } from "../../language";
import { factName, fieldName, stageName } from "../../parts/names";
import { wholeNumber } from "../../time";
import { Refund } from "../fees/Refund";
import { PayForm } from "../fees/PayForm";
import { type Dues, type Line, type Payment, receiptOf } from "./declaration";

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
  const settled = dues.settled && dues.lines.length > 0;
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
                <small>{held(one)}</small>
              </td>
              <td class="sum">{t("common.none")}</td>
            </tr>
          ))}
          {dues.payments.map((one) => (
            <Paid key={one.id} payment={one} mayTake={mayTake} onChanged={onChanged} />
          ))}
        </tbody>
      </table>
      {mayTake && dues.due_vnd > 0 && (
        <PayForm key={dues.due_vnd} trip={trip} due={dues.due_vnd} onPaid={onChanged} />
      )}
    </section>
  );
}

const held = ({ until_stage, until_fact }: Dues["withheld"][number]): string =>
  until_stage !== null
    ? t("agency.withheld", { stage: stageName(until_stage) })
    : t("agency.withheld_fact", { fact: fieldName(until_fact ?? "") });

/** Why a line is as high as it is: the facts its rate is for, or the days that were begun. */
function because({ why: { kind, values } }: Line): string {
  const facts = Object.entries(values)
    .filter(([, value]) => typeof value === "string")
    .map(([name, value]) => factName(name, value));
  if (kind === "flat") return t("agency.because_flat");
  if (kind === "facts") return facts.join(", ");
  const { days = 0, rate_vnd = 0, free_h = 0 } = values;
  const counted = { days, rate: vnd(Number(rate_vnd)), free: free_h };
  return [t("agency.because_days", counted), ...facts].join(", ");
}

interface PaidProps {
  payment: Payment;
  mayTake: boolean;
  onChanged: () => void;
}

function Paid({ payment, mayTake, onChanged }: PaidProps) {
  const [asks, setAsks] = useState(false);
  const { id, amount_vnd, method, receipt, reference, reason, refunded } = payment;
  return (
    <tr class="payment" data-payment={id}>
      <td>
        <a
          href={receiptOf(id, language.value)}
          target="_blank"
          rel="noreferrer"
        >
          {t("agency.receipt_no", { n: receipt })}
        </a>
        <small>
          {[find(`declare_method.${method}`) ?? method, reason ?? reference].filter(Boolean).join(" · ")}
        </small>
        {mayTake && amount_vnd > 0 && !refunded && !asks && (
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
      <td class="sum">{vnd(-amount_vnd)}</td>
    </tr>
  );
}
