import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { useSending } from "../../people/useSending";
import { fromLocal, toLocal } from "../../time";
import { now } from "../clock";
import { workflow } from "../names";
import { switchTo } from "./api";

interface Props {
  timezone: string;
  onDone: () => void;
  onLeave: () => void;
}

/** Switches a gate to another way of handing over, from a moment and until one, or open. */
export function HandoverForm({ timezone, onDone, onLeave }: Props) {
  const places = workflow.value?.in_force ?? [];
  const [where, setWhere] = useState(0);
  const [variant, setVariant] = useState("");
  // Until somebody writes another moment it is now, which the page hears of from the server.
  const [written, setBegins] = useState<string | null>(null);
  const thisMinute = toLocal(now(), timezone);
  const begins = written ?? thisMinute;
  const atOnce = written === null || written === thisMinute;
  const [ends, setEnds] = useState("");
  const [reason, setReason] = useState("");
  const { wrong, busy, send } = useSending();
  const place = places[where];
  const may = (workflow.value?.variants ?? []).filter((one) => place?.variants.includes(one.id));

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    if (!place) return;
    const wish = {
      direction: place.direction,
      variant: variant || (may[0]?.id ?? ""),
      // The field knows no seconds: the minute that runs has begun, and only the server knows now.
      begins_at: atOnce ? null : fromLocal(begins, timezone).toISOString(),
      ends_at: ends === "" ? null : fromLocal(ends, timezone).toISOString(),
      reason: reason.trim(),
    };
    void send(async (key) => {
      await switchTo(place.gate, wish, key);
      onDone();
    });
  }

  return (
    <form class="switch-form" onSubmit={submit}>
      <label>
        {t("agency.gate")}
        <select
          name="place"
          value={where}
          onChange={(event) => {
            setWhere(Number(event.currentTarget.value));
            setVariant("");
          }}
        >
          {places.map((one, n) => (
            <option key={n} value={n}>
              {placeName(one.gate)} · {t(`direction.${one.direction}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("agency.variant")}
        <select
          name="variant"
          value={variant || may[0]?.id}
          onChange={(event) => setVariant(event.currentTarget.value)}
        >
          {may.map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("agency.begins")}
        <input
          name="begins_at"
          type="datetime-local"
          required
          value={begins}
          onInput={(event) => setBegins(event.currentTarget.value)}
        />
      </label>
      <label>
        {t("agency.ends")}
        <input
          name="ends_at"
          type="datetime-local"
          value={ends}
          onInput={(event) => setEnds(event.currentTarget.value)}
        />
      </label>
      <label class="reason">
        {t("agency.why")}
        <input
          name="reason"
          required
          maxLength={200}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
      <button class="main" disabled={busy}>
        {t("agency.switch_now")}
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
