import { useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { useSending } from "../../people/useSending";
import { refund } from "../trip/declaration";

interface Props {
  payment: number;
  onDone: () => void;
  onLeave: () => void;
}

/** Gives a payment back, for a reason that stays beside it. */
export function Refund({ payment, onDone, onLeave }: Props) {
  const [reason, setReason] = useState("");
  const { wrong, busy, send } = useSending();
  function give(event: SubmitEvent): void {
    event.preventDefault();
    void send(async (key) => {
      await refund(payment, reason.trim(), key);
      onDone();
    });
  }
  return (
    <form class="refund" onSubmit={give}>
      <input
        name="reason"
        required
        maxLength={200}
        value={reason}
        placeholder={t("agency.refund_reason")}
        aria-label={t("agency.refund_reason")}
        onInput={(event) => setReason(event.currentTarget.value)}
      />
      <button class="main" disabled={busy}>
        {t("agency.refund_now")}
      </button>
      <button type="button" onClick={onLeave}>
        {t("agency.cancel")}
      </button>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </form>
  );
}
