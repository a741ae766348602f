import { useState } from "preact/hooks";
import { t } from "../../language";
import { useSending } from "../../people/useSending";
import { problem } from "../../parts/problem";
import { wholeNumber } from "../../time";
import { pay } from "../trip/declaration";

const METHODS = ["cash", "transfer", "card"] as const;

interface Props {
  trip: number;
  due: number;
  onPaid: () => void;
}

/** Takes a payment: the whole sum due unless somebody types less. */
export function PayForm({ trip, due, onPaid }: Props) {
  const [method, setMethod] = useState<string>(METHODS[0]);
  const [reference, setReference] = useState("");
  const [sum, setSum] = useState(due);
  const { wrong, busy, send } = useSending();
  function take(event: SubmitEvent): void {
    event.preventDefault();
    void send(async (key) => {
      await pay(trip, { method, reference: reference.trim() || null, amount_vnd: sum }, key);
      onPaid();
    });
  }
  return (
    <form class="pay" onSubmit={take}>
      <select
        name="method"
        aria-label={t("agency.method")}
        value={method}
        onChange={(event) => setMethod(event.currentTarget.value)}
      >
        {METHODS.map((one) => (
          <option key={one} value={one}>
            {t(`declare_method.${one}`)}
          </option>
        ))}
      </select>
      <input
        name="reference"
        required={method !== "cash"}
        maxLength={80}
        value={reference}
        placeholder={t("agency.reference")}
        aria-label={t("agency.reference")}
        onInput={(event) => setReference(event.currentTarget.value)}
      />
      <input
        name="amount"
        type="number"
        required
        min={1}
        step={1}
        value={sum}
        aria-label={t("agency.amount")}
        onInput={(event) => setSum(event.currentTarget.valueAsNumber)}
      />
      <button class="main" disabled={busy}>
        {t("agency.take_payment", { sum: wholeNumber(sum || 0) })}
      </button>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </form>
  );
}
