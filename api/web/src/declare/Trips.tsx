import { useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { listDeclared } from "./api";
import { Begun } from "./Begun";
import { newDraft, type Place } from "./Declare";
import { TripRow } from "./TripRow";

const AGAIN_MS = 15_000;
const STATES = ["active", "cleared", "cancelled"] as const;
const TYPED_MS = 250;

/** The trips of one's own, where each stands, and the ways to declare another. */
export function Trips({ place }: { place: Place }) {
  const [state, setState] = useState<(typeof STATES)[number]>("active");
  const [plate, setPlate] = useState("");
  const { answer, wrong } = useAsked(() => listDeclared(state, plate), AGAIN_MS, [state, plate]);

  return (
    <>
      <div class="above">
        <button type="button" class="main" onClick={() => place.go(newDraft())}>
          {t("declare.new")}
        </button>
        <span class="views" role="group" aria-label={t("declare.state")}>
          {STATES.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === state}
              onClick={() => setState(one)}
            >
              {t(`declare.state_${one}`)}
            </button>
          ))}
        </span>
        <Search onPlate={setPlate} />
      </div>
      <Begun place={place} />
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {answer === null && wrong === null && <p class="quiet">{t("common.loading")}</p>}
      {answer?.rows.length === 0 && (
        <p class="nothing">{t(plate ? "declare.none_found" : "declare.none_yet")}</p>
      )}
      {answer && answer.rows.length > 0 && (
        <table class="trips">
          <thead>
            <tr>
              <th>{t("declare.truck")}</th>
              <th>{t("declare.stands")}</th>
              <th>{t("declare.waits")}</th>
              <th>{t("declare.slot")}</th>
              <th class="sum">{t("declare.due")}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {answer.rows.map((row) => (
              <TripRow
                key={row.trip.id}
                row={row}
                now={new Date(answer.at)}
                place={place}
              />
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

function Search({ onPlate }: { onPlate: (plate: string) => void }) {
  const [timer, setTimer] = useState(0);
  function type(text: string): void {
    clearTimeout(timer);
    setTimer(window.setTimeout(() => onPlate(text.trim()), TYPED_MS));
  }
  return (
    <input
      type="search"
      maxLength={20}
      placeholder={t("declare.search")}
      aria-label={t("declare.search")}
      onInput={(event) => type(event.currentTarget.value)}
    />
  );
}
