import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { fieldName } from "../parts/names";
import { problem } from "../parts/problem";
import { ApiError } from "../request";
import type { Trip } from "../types";
import { change, type Form, getDeclaration, listPapers, type Paper, type TripDeclaration } from "./api";
import type { Place } from "./Declare";
import { FillingContext } from "./filling";
import { bodyOf, EMPTY, type Name, valuesOf } from "./form";
import { GoodsGroup } from "./GoodsGroup";
import { fieldOfRefusal } from "./refused";
import { TruckGroup } from "./TruckGroup";
import { useForm } from "./useForm";
import { WayGroup } from "./WayGroup";

interface Props {
  trip: Trip;
  place: Place;
  onDone: () => void;
}

/** What a declared trip says, to be changed: beside each field what a change of it costs. */
export function EditTrip({ trip, place, onDone }: Props) {
  const [found, setFound] = useState<TripDeclaration | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    getDeclaration(trip.id, true).then(setFound, setWrong);
  }, [trip.id]);
  if (wrong !== null) {
    return (
      <p class="refusal" role="alert">
        {problem(wrong)}
      </p>
    );
  }
  if (found === null) return <p class="quiet">{t("common.loading")}</p>;
  return <Edit trip={trip} declared={found} place={place} onDone={onDone} />;
}

function Edit({ trip, declared, place, onDone }: Props & { declared: TripDeclaration }) {
  const { timezone } = place.site;
  const [first] = useState(() => ({ ...EMPTY, ...valuesOf({ ...trip, ...declared }, timezone) }));
  const { filling, look, say } = useForm(place, first, declared.origins, []);
  const [wrong, setWrong] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const [papers, setPapers] = useState<Paper[]>([]);
  const [evidence, setEvidence] = useState("");
  useEffect(() => {
    listPapers({ trip: trip.id }).then(setPapers, () => setPapers([]));
  }, [trip.id]);

  const before = bodyOf(first, place.workflow, timezone);
  const after = bodyOf(filling.values, place.workflow, timezone);
  const changes = differences(before, after);
  const names = Object.keys(changes);
  const costing = (cost: string): string =>
    names
      .filter((name) => declared.keeps_place[name] === cost)
      .map(fieldName)
      .join(", ");
  const [loses, needs] = [costing("loses"), costing("evidence")];

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (names.length === 0) return onDone();
    if (look()) return;
    setBusy(true);
    try {
      await change(trip.id, evidence && needs ? { ...changes, evidence } : changes);
      onDone();
    } catch (error) {
      const name: Name | null = error instanceof ApiError ? fieldOfRefusal(error) : null;
      if (name) say(name, problem(error));
      setWrong(problem(error));
    }
    setBusy(false);
  }

  return (
    <FillingContext.Provider
      value={{ ...filling, keeps: declared.keeps_place, settled: declared.settled }}
    >
      <form class="edit" noValidate onSubmit={(event) => void submit(event)}>
        <div class="groups">
          <TruckGroup />
          <GoodsGroup />
          <WayGroup />
        </div>
        <footer>
          <div aria-live="polite">
            {loses && <p class="warning loses">{t("declare.edit_loses", { fields: loses })}</p>}
            {needs && (
              <p class="warning needs">
                {t("declare.edit_needs", { fields: needs })}{" "}
                <Evidence
                  papers={papers}
                  atDesk={place.session.role !== "haulier"}
                  value={evidence}
                  onChange={setEvidence}
                />
              </p>
            )}
            {names.length > 0 && !loses && !needs && (
              <p class="keeps-all">{t("declare.edit_keeps")}</p>
            )}
            {wrong !== null && (
              <p class="refusal" role="alert">
                {wrong}
              </p>
            )}
          </div>
          <span class="buttons">
            <button class="main" disabled={busy || names.length === 0}>
              {t("declare.save")}
            </button>
            <button type="button" onClick={onDone}>
              {t("declare.leave")}
            </button>
          </span>
        </footer>
      </form>
    </FillingContext.Provider>
  );
}

interface EvidenceProps {
  papers: readonly Paper[];
  /** At a desk of the gate a reason will do. */
  atDesk: boolean;
  value: string;
  onChange: (value: string) => void;
}

function Evidence({ papers, atDesk, value, onChange }: EvidenceProps) {
  if (atDesk && papers.length === 0) {
    return (
      <input
        aria-label={t("declare.evidence")}
        maxLength={200}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  return (
    <select
      aria-label={t("declare.evidence")}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{t("declare.choose")}</option>
      {papers.map(({ id, name }) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}

/** What every trip says: left empty it stays as it is. */
const STAYS = ["plate", "phone", "language", "cargo", "gates", "ready_at", "weight_t", "consent"];

/** What a changed form says otherwise; what is there no more is null. */
function differences(before: Form, after: Form): Form {
  const changes: Form = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[name]) === JSON.stringify(after[name])) continue;
    if (name in after || !STAYS.includes(name)) changes[name] = after[name] ?? null;
  }
  return changes;
}
