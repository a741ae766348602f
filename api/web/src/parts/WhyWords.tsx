import { t } from "../language";
import type { Counted, Missing, Why } from "../order";
import { clockTime, dayMonth, instant, wholeNumber } from "../time";

function Reasons({ counted, of }: { counted: Counted[]; of: string }) {
  if (counted.length === 0) return null;
  return (
    <ul class={of}>
      {counted.map((one) => (
        <li key={one.reason} data-reason={one.reason}>
          {one.text}
        </li>
      ))}
    </ul>
  );
}

/** What still waits for an agency, a line each. */
export function MissingList({ missing }: { missing: Missing[] }) {
  if (missing.length === 0) return null;
  return (
    <ul class="missing">
      {missing.map((one) => (
        <li key={one.stage} data-stage={one.stage} data-state={one.state}>
          {one.text}
        </li>
      ))}
    </ul>
  );
}

interface Props {
  why: Why;
  timezone: string;
}

/** Where a truck stands, who goes before it by which rule, and what happened, in sentences. */
export function WhyWords({ why, timezone }: Props) {
  const last = why.history.at(-1);
  return (
    <div class="why">
      <p>{why.text}</p>
      <MissingList missing={why.missing} />
      <Reasons counted={why.ahead} of="ahead" />
      <Reasons counted={why.passed_by} of="passed-by" />
      <details open>
        <summary>{t("order.history")}</summary>
        {!last && <p>{t("order.no_history")}</p>}
        <ol class="history">
          {why.history.map((event) => (
            <li key={event.seq} title={t("why.code", { seq: event.seq, code: event.code })}>
              {event.text}
            </li>
          ))}
        </ol>
        {last && (
          <p class="code">
            {t("why.code", { seq: wholeNumber(last.seq), code: last.code })}{" "}
            <time>
              {clockTime(instant(last.at), timezone)} · {dayMonth(instant(last.at), timezone)}
            </time>
          </p>
        )}
      </details>
    </div>
  );
}
