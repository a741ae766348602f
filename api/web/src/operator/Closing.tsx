import { useEffect, useRef, useState } from "preact/hooks";
import { closeGate, countAffected } from "../client";
import { nameOf, t } from "../language";
import type { Affected, ClosureWish } from "../order";
import { problem } from "../parts/problem";
import { fromLocal, instant, moment, toLocal, wholeNumber } from "../time";
import type { SiteGate } from "../types";
import { MomentInput } from "./MomentInput";

const HOUR_MS = 3_600_000;

interface Props {
  gate: SiteGate;
  now: Date;
  timezone: string;
  onLeave: () => void;
  onClosed: () => void;
}

interface Typed {
  planned: boolean;
  starts: string;
  known: boolean;
  ends: string;
  places: number;
  reason: string;
}

function wishOf(typed: Typed, timezone: string): ClosureWish {
  const at = (text: string): string => fromLocal(text, timezone).toISOString();
  return {
    places_left: typed.places,
    reason: typed.reason.trim(),
    ...(typed.planned ? { starts_at: at(typed.starts) } : {}),
    ...(typed.known ? { ends_at: at(typed.ends) } : {}),
  };
}

/** Closes a gate or takes places off it: what and why, then whom it touches, then it is done. */
export function Closing({ gate, now, timezone, onLeave, onClosed }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const [typed, setTyped] = useState<Typed>(() => ({
    planned: false,
    starts: toLocal(new Date(now.getTime() + HOUR_MS), timezone),
    known: false,
    ends: toLocal(new Date(now.getTime() + 2 * HOUR_MS), timezone),
    places: 0,
    reason: "",
  }));
  const [touched, setTouched] = useState<Affected | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  useEffect(() => box.current?.showModal(), []);

  const wish = wishOf.bind(null, typed, timezone);
  function ask(event: SubmitEvent): void {
    event.preventDefault();
    setWrong(null);
    countAffected(gate.id, wish()).then(setTouched, setWrong);
  }
  function enter(): void {
    setBusy(true);
    closeGate(gate.id, wish()).then(onClosed, (error: unknown) => {
      setWrong(error);
      setTouched(null);
      setBusy(false);
    });
  }

  return (
    <dialog ref={box} class="closing" aria-label={t("closure.open_dialog")} onClose={onLeave}>
      <h2>{t("closure.title", { gate: nameOf(gate.name) })}</h2>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {touched === null ? (
        <form onSubmit={ask}>
          <Times typed={typed} today={toLocal(now, timezone).slice(0, 10)} onType={setTyped} />
          <label>
            {t("closure.places")}
            <span>
              <input
                name="places"
                type="number"
                min={0}
                max={gate.inspection_places - 1}
                required
                value={typed.places}
                onInput={({ currentTarget: { valueAsNumber } }) =>
                  setTyped({ ...typed, places: valueAsNumber })
                }
              />{" "}
              {t("closure.places_hint", { n: wholeNumber(gate.inspection_places) })}
            </span>
          </label>
          <label>
            {t("closure.reason")}
            <input
              name="reason"
              required
              maxLength={200}
              autocomplete="off"
              placeholder={t("closure.reason_hint")}
              value={typed.reason}
              onInput={(event) => setTyped({ ...typed, reason: event.currentTarget.value })}
            />
          </label>
          <p class="choices">
            <button type="button" onClick={() => box.current?.close()}>
              {t("closure.leave")}
            </button>
            <button class="main">{t("closure.go_on")}</button>
          </p>
        </form>
      ) : (
        <div class="confirm">
          <Touched touched={touched} typed={typed} now={now} timezone={timezone} />
          <p class="choices">
            <button type="button" onClick={() => setTouched(null)}>
              {t("closure.back")}
            </button>
            <button type="button" class="danger" autofocus disabled={busy} onClick={enter}>
              {t(typed.places === 0 ? "closure.confirm_shut" : "closure.confirm_limit", {
                gate: nameOf(gate.name),
              })}
            </button>
          </p>
        </div>
      )}
    </dialog>
  );
}

interface TimesProps {
  typed: Typed;
  today: string;
  onType: (typed: Typed) => void;
}

/** Begin and end, each at once or at a time. */
function Times({ typed, today, onType }: TimesProps) {
  const rows = [
    { name: "starts", flag: "planned", without: "closure.now" },
    { name: "ends", flag: "known", without: "closure.unknown" },
  ] as const;
  return (
    <>
      {rows.map(({ name, flag, without }) => (
        <fieldset key={name} class={name}>
          <legend>{t(`closure.${name}`)}</legend>
          {[false, true].map((timed) => (
            <label key={String(timed)}>
              <input
                type="radio"
                name={name}
                checked={typed[flag] === timed}
                onChange={() => onType({ ...typed, [flag]: timed })}
              />
              {t(timed ? "closure.at" : without)}
            </label>
          ))}
          {typed[flag] && (
            <MomentInput
              name={t(`closure.${name}`)}
              value={typed[name]}
              today={today}
              onChange={(value) => onType({ ...typed, [name]: value })}
            />
          )}
        </fieldset>
      ))}
    </>
  );
}

type TouchedProps = Pick<Props, "now" | "timezone"> & { touched: Affected; typed: Typed };

function Touched({ touched, typed, now, timezone }: TouchedProps) {
  const until = moment(instant(touched.until), now, timezone);
  const n = wholeNumber(touched.slots);
  return (
    <>
      <p class="slots-touched">
        {t(typed.places === 0 ? "closure.touched" : "closure.touched_some", { n, until })}
      </p>
      {touched.called > 0 && (
        <p>{t("closure.touched_called", { n: wholeNumber(touched.called) })}</p>
      )}
      {!typed.known && <p class="quiet">{t("closure.assumed", { until })}</p>}
      <p class="quiet">{typed.reason}</p>
    </>
  );
}
