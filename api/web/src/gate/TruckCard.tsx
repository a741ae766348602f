import { useState } from "preact/hooks";
import { type Key, find, nameOf, t } from "../language";
import { SureButton } from "../parts/SureButton";
import { clockTime, dayMonth, daysAhead, instant, moment } from "../time";
import { type Clearance, type Kind, type Refusal, REFUSALS, type Slot } from "./api";
import type { Finding, Found } from "./check";
import { now, type Place } from "./store";

interface Props {
  found: Found;
  place: Place;
  onDecide: (kind: Kind, reason?: Refusal) => void;
  onNext: () => void;
}

/** A truck: what is found of it first, then who it is, and what can be decided. */
export function TruckCard({ found, place, onDecide, onNext }: Props) {
  const [refusing, setRefusing] = useState(false);
  const { finding, plate } = found;
  return (
    <article class="truck" data-tone={finding.tone}>
      <p class="finding" role="status">
        {words(finding, place)}
      </p>
      {plate && <h2 class="plate">{plate}</h2>}
      {found.moved && <p class="moved">{t("gate.slot_moved")}</p>}
      {!refusing && <Facts found={found} place={place} />}
      {!refusing && <Clearances clearances={found.row?.clearances ?? []} />}
      {refusing ? (
        <Reasons onChoose={(reason) => onDecide("refused", reason)} onBack={() => setRefusing(false)} />
      ) : (
        <div class="acts">
          {plate && (
            <>
              <Admit tone={finding.tone} onAdmit={() => onDecide("admitted")} />
              <button type="button" class="refuse" onClick={() => setRefusing(true)}>
                {t("gate.refuse")}
              </button>
            </>
          )}
          {found.row && !found.row.elsewhere && (
            <>
              <button type="button" onClick={() => onDecide("early")}>
                {t("gate.early")}
              </button>
              <button type="button" onClick={() => onDecide("late")}>
                {t("gate.late")}
              </button>
            </>
          )}
          <button type="button" class="next" onClick={onNext}>
            {t("gate.next")}
          </button>
        </div>
      )}
    </article>
  );
}

/** One press where all is well, two where it is not, none where the pass cannot be believed. */
function Admit({ tone, onAdmit }: { tone: Finding["tone"]; onAdmit: () => void }) {
  if (tone === "void") return null;
  if (tone === "bad") {
    return (
      <div class="admit doubtful">
        <SureButton name={t("gate.admit")} sure={t("gate.sure")} onSure={onAdmit} />
      </div>
    );
  }
  return (
    <button type="button" class="admit" onClick={onAdmit}>
      {t("gate.admit")}
    </button>
  );
}

function Facts({ found: { row }, place }: { found: Found; place: Place }) {
  if (!row) return null;
  const time = (iso: string): string => moment(instant(iso), now(), place.timezone);
  const facts: [Key, string][] = [];
  if (row.slot) facts.push(["gate.slot", slotText(row.slot, place.timezone)]);
  if (row.order !== null) facts.push(["gate.order", String(row.order)]);
  if (row.needs !== null) facts.push(["gate.needs", row.needs]);
  const stage = find(`stage.${row.stage}`);
  if (stage !== null) facts.push(["gate.stage", stage]);
  const refused = row.decision?.kind === "refused" ? row.decision : null;
  return (
    <>
      <dl class="facts">
        {facts.map(([key, text]) => (
          <div key={key}>
            <dt>{t(key)}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {row.released_at && <p>{t("gate.called", { time: time(row.released_at) })}</p>}
      {refused && (
        <p class="moved">
          {t("gate.was_refused", { time: time(refused.at), reason: reasonText(refused.reason) })}
        </p>
      )}
    </>
  );
}

/** By agency what it confirms and how far it is: a line where nothing is missing, else all of it. */
function Clearances({ clearances }: { clearances: Clearance[] }) {
  if (clearances.length === 0) return null;
  const desks = [...new Set(clearances.map((one) => one.desk))];
  const confirmed = clearances.filter((one) => one.state === "confirmed").length;
  const all = confirmed === clearances.length;
  return (
    <details class="clearances" open={!all}>
      <summary data-state={all ? "confirmed" : "missing"}>
        {t("gate.clearances")}{" "}
        <b>
          {t("gate.clearance_confirmed")} {confirmed}/{clearances.length}
        </b>
      </summary>
      <dl>
        {desks.map((desk) => (
          <div key={desk} data-desk={desk}>
            <dt>{t(`desk.${desk}`)}</dt>
            {clearances
              .filter((one) => one.desk === desk)
              .map((one) => (
                <dd key={one.stage} data-state={one.state}>
                  <span>{nameOf(one.name)}</span> <b>{t(`gate.clearance_${one.state}`)}</b>
                </dd>
              ))}
          </div>
        ))}
      </dl>
    </details>
  );
}

/** A slot's times, with its day where that is not today. */
function slotText({ starts_at, ends_at }: Slot, timezone: string): string {
  const [starts, ends] = [instant(starts_at), instant(ends_at)];
  const times = [...new Set([starts, ends].map((at) => clockTime(at, timezone)))].join(" – ");
  const today = daysAhead(starts, now(), timezone) === 0;
  return today ? times : `${dayMonth(starts, timezone)} ${times}`;
}

function Reasons({ onChoose, onBack }: { onChoose: (one: Refusal) => void; onBack: () => void }) {
  return (
    <div class="reasons">
      <h3>{t("gate.why")}</h3>
      {REFUSALS.map((one) => (
        <button type="button" key={one} data-reason={one} onClick={() => onChoose(one)}>
          {reasonText(one)}
        </button>
      ))}
      <button type="button" class="next" onClick={onBack}>
        {t("gate.back")}
      </button>
    </div>
  );
}

const reasonText = (code: string | null): string =>
  find(`why.reason.${code}`) ?? find("why.reason.other") ?? "";

function words(finding: Finding, place: Place): string {
  const gate = place.gates.find((one) => one.id === finding.gate);
  return t(finding.key, {
    time: finding.at ? moment(instant(finding.at), now(), place.timezone) : "",
    by: finding.by ?? "",
    site: finding.site ?? "",
    gate: gate ? nameOf(gate.name) : (finding.gate ?? ""),
  });
}
