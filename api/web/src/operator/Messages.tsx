import { useState } from "preact/hooks";
import { listMessages, retryMessage } from "../client";
import { find, language, t } from "../language";
import { problem } from "../parts/problem";
import { type Asked, useAsked } from "../parts/useAsked";
import { clockTime, dayMonth, decimal, instant, wholeNumber } from "../time";
import { DrawerHead } from "./DrawerHead";
import type { GatewaySum, MessageRecord, MessageState, MessageSummary, SeenGateway } from "./messages";

const ASK_AGAIN_MS = 5_000;
const STATES: readonly MessageState[] = ["waiting", "superseded", "expired", "limited"];

interface Props {
  timezone: string;
  summary: Asked<MessageSummary | null>;
  /** Whether this account may have a message sent again. */
  mayRetry: boolean;
  onShow: (trip: number) => void;
  onClose: () => void;
}

function price({ cost, currency }: GatewaySum): string {
  if (cost === null || currency === null) return t("sms_desk.unpriced");
  const locale = { vi: "vi-VN", zh: "zh-CN", en: "en-GB" }[language.value];
  return Number(cost).toLocaleString(locale, { style: "currency", currency });
}

function Sent({ sums }: { sums: GatewaySum[] }) {
  if (sums.length === 0) return <p class="quiet">{t("sms_desk.none")}</p>;
  return (
    <ul class="sums">
      {sums.map((sum) => (
        <li key={sum.gateway + sum.currency} data-sum={sum.gateway}>
          <b>{sum.gateway}</b> <span>{price(sum)}</span>
          <small>
            {t("sms_desk.sent")} {wholeNumber(sum.messages)} ·{" "}
            {t("sms_desk.parts", { n: wholeNumber(sum.parts) })} ·{" "}
            {t("sms_desk.delivered", { n: wholeNumber(sum.delivered) })} ·{" "}
            {t("sms_desk.failed", { n: wholeNumber(sum.failed) })}
          </small>
        </li>
      ))}
    </ul>
  );
}

function Gateways({ gateways, timezone }: { gateways: SeenGateway[]; timezone: string }) {
  return (
    <ul class="gateways">
      {gateways.map(({ gateway, state, rate_per_s, trouble, changed_wall_at }) => (
        <li key={gateway} data-gateway={state}>
          <b>{gateway}</b> <span class={`pill ${state}`}>{t(`sms_desk.gateway_${state}`)}</span>
          <small>
            {t("sms_desk.since", { time: clockTime(instant(changed_wall_at), timezone) })} ·{" "}
            {t("sms_desk.rate", { n: decimal(rate_per_s, 0, 1) })}
          </small>
          {trouble !== null && state !== "open" && <small class="trouble">{trouble}</small>}
        </li>
      ))}
    </ul>
  );
}

interface DeadProps extends Pick<Props, "timezone" | "onShow"> {
  message: MessageRecord;
  onDone: () => void;
}

function Dead({ message, timezone, onShow, onDone }: DeadProps) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const at = instant(message.created_at);
  return (
    <li data-message={message.id}>
      <p>
        <b>{message.plate}</b> {find(`message_title.${message.kind}`) ?? message.kind}
        <time>
          {clockTime(at, timezone)} · {dayMonth(at, timezone)}
        </time>
      </p>
      <p class="trouble">
        {message.trouble}
        {message.attempts > 0 && ` (${t("sms_desk.attempts", { n: message.attempts })})`}
      </p>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      <p class="buttons">
        <button type="button" onClick={() => onShow(message.trip_id)}>
          {t("sms_desk.show")}
        </button>
        <button
          type="button"
          class="main"
          disabled={busy}
          onClick={() => {
            setBusy(true);
            retryMessage(message.id)
              .then(onDone, setWrong)
              .finally(() => setBusy(false));
          }}
        >
          {t("sms_desk.retry")}
        </button>
      </p>
    </li>
  );
}

function DeadLetters({ timezone, summary, onShow }: Props) {
  const dead = useAsked(() => listMessages("dead"), ASK_AGAIN_MS, [summary.answer?.dead]);
  if (dead.wrong !== null) return <p class="refusal">{problem(dead.wrong)}</p>;
  if (!dead.answer) return <p class="quiet">{t("common.loading")}</p>;
  if (dead.answer.length === 0) return <p class="quiet">{t("sms_desk.dead_none")}</p>;
  const done = (): void => {
    dead.again();
    summary.again();
  };
  return (
    <ul class="dead">
      {dead.answer.map((message) => (
        <Dead key={message.id} {...{ message, timezone, onShow }} onDone={done} />
      ))}
    </ul>
  );
}

/** What became of the messages to drivers, what they cost, and which gateways do well. */
export function Messages(props: Props) {
  const { answer, wrong } = props.summary;
  return (
    <aside class="drawer alerts messages" aria-label={t("sms_desk.title")}>
      <DrawerHead title={t("sms_desk.title")} onClose={props.onClose} />
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {answer && (
        <>
          <h3>{t("sms_desk.today")}</h3>
          <Sent sums={answer.sent} />
          <dl>
            {STATES.map((state) => (
              <div key={state} data-state={state}>
                <dt>{t(`sms_desk.${state}` as "sms_desk.waiting")}</dt>
                <dd>{wholeNumber(answer.states[state] ?? 0)}</dd>
              </div>
            ))}
          </dl>
          <h3>{t("sms_desk.gateways")}</h3>
          <Gateways gateways={answer.gateways} timezone={props.timezone} />
          <h3>
            {t("sms_desk.dead")} · {wholeNumber(answer.dead)}
          </h3>
          {props.mayRetry && <DeadLetters {...props} />}
        </>
      )}
    </aside>
  );
}
