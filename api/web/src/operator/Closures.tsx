import { useState } from "preact/hooks";
import { endClosure, giveEnd, takeBack } from "../client";
import { t } from "../language";
import type { Closure } from "../order";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { fromLocal, instant, moment, toLocal, wholeNumber } from "../time";
import { who } from "./colleagues";
import { MomentInput } from "./MomentInput";

const HOUR_MS = 3_600_000;

interface Props {
  closures: Closure[];
  now: Date;
  timezone: string;
  /** Whether the reader may change them. */
  may: boolean;
  onChanged: () => void;
}

function span(closure: Closure, now: Date, timezone: string): string {
  const starts = instant(closure.starts_at);
  const start = moment(starts, now, timezone);
  const when = starts <= now ? "since" : "from";
  return closure.ends_at === null
    ? t(`closure.${when}_unknown`, { start })
    : t(`closure.${when}_until`, { start, end: moment(instant(closure.ends_at), now, timezone) });
}

/** What is closed at a gate or lies ahead, and how to end it. */
export function Closures(props: Props) {
  // Here and not in the row: what somebody else took back is gone when that is said.
  const [wrong, setWrong] = useState<unknown>(null);
  const { closures, now, timezone } = props;
  const isOver = ({ ends_at }: Closure): boolean => ends_at !== null && instant(ends_at) <= now;
  const shown = closures.filter((one) => !isOver(one) || one.ended_by !== null);
  return (
    <>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {shown.length > 0 && (
        <ul class="closures">
          {shown.map((closure) =>
            isOver(closure) ? (
              <Opened key={closure.id} closure={closure} now={now} timezone={timezone} />
            ) : (
              <Row key={closure.id} closure={closure} onWrong={setWrong} {...props} />
            ),
          )}
        </ul>
      )}
    </>
  );
}

/** That a gate was opened again, and by whom: who was about to do it too reads it here. */
function Opened({ closure, now, timezone }: { closure: Closure; now: Date; timezone: string }) {
  const time = moment(instant(closure.ends_at ?? closure.starts_at), now, timezone);
  return (
    <li class="opened" data-opened={closure.id} role="status">
      <p>{t("closure.opened", { by: who(closure.ended_by ?? ""), time })}</p>
      <p class="quiet">{closure.reason}</p>
    </li>
  );
}

interface RowProps extends Props {
  closure: Closure;
  onWrong: (wrong: unknown) => void;
}

function Row({ closure, now, timezone, may, onChanged, onWrong }: RowProps) {
  const [ends, setEnds] = useState<string | null>(null);
  const begun = instant(closure.starts_at) <= now;
  const shut = closure.places_left === 0;

  function done(change: Promise<unknown>): void {
    change
      .then(() => {
        onWrong(null);
        setEnds(null);
      }, onWrong)
      .finally(onChanged);
  }

  return (
    <li class={begun ? "begun" : "ahead"} data-closure={closure.id}>
      <p>
        <b>
          {shut
            ? t("closure.shut")
            : t("closure.limited", { n: wholeNumber(closure.places_left) })}
        </b>{" "}
        {span(closure, now, timezone)}
      </p>
      <p class="quiet">{t("closure.by", { reason: closure.reason, by: who(closure.entered_by) })}</p>
      {may && ends === null && (
        <p class="choices">
          <button
            type="button"
            onClick={() => setEnds(toLocal(new Date(now.getTime() + HOUR_MS), timezone))}
          >
            {t("closure.set_end")}
          </button>
          <SureButton
            name={t(begun ? "closure.end_now" : "closure.take_back")}
            sure={t(begun ? "closure.end_sure" : "closure.take_sure")}
            onSure={() => done(begun ? endClosure(closure.id) : takeBack(closure.id))}
          />
        </p>
      )}
      {ends !== null && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            done(giveEnd(closure.id, fromLocal(ends, timezone).toISOString()));
          }}
        >
          <MomentInput
            name={t("closure.ends")}
            value={ends}
            today={toLocal(now, timezone).slice(0, 10)}
            onChange={setEnds}
          />
          <p class="choices">
            <button type="button" onClick={() => setEnds(null)}>
              {t("closure.back")}
            </button>
            <button class="main">{t("closure.save")}</button>
          </p>
        </form>
      )}
    </li>
  );
}
