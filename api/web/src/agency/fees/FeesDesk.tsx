import { useEffect, useState } from "preact/hooks";
import { search } from "../../client";
import { t } from "../../language";
import type { FoundTrip } from "../../operator/past";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import type { Session, Site } from "../../types";
import { getDues } from "../trip/declaration";
import { Money } from "../trip/Money";
import { open } from "../views";
import { Settlement } from "./Settlement";

const AGAIN_MS = 10_000;
const PAUSE_MS = 250;
const LEAST_LETTERS = 3;

/** The desk that takes money: find a truck, see what it owes and why, take it; the day's sums. */
export function FeesDesk({ session, site }: { session: Session; site: Site }) {
  const [chosen, setChosen] = useState<FoundTrip | null>(null);
  const mayTake = session.agency === "tax" || session.role === "operator";
  return (
    <div class="fees">
      <section class="sheet">
        <h2>{t("agency.find_truck")}</h2>
        <Find onChoose={setChosen} chosen={chosen?.id ?? null} />
        {chosen && <Owed key={chosen.id} trip={chosen} mayTake={mayTake} />}
      </section>
      <Settlement timezone={site.timezone} />
    </div>
  );
}

interface FindProps {
  chosen: number | null;
  onChoose: (trip: FoundTrip) => void;
}

function Find({ chosen, onChoose }: FindProps) {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<readonly FoundTrip[]>([]);
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    if (typed.length < LEAST_LETTERS) {
      setFound([]);
      return undefined;
    }
    let current = true;
    const timer = setTimeout(() => {
      search(typed).then(
        (all) => current && (setFound(all), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [typed]);
  return (
    <>
      <input
        type="search"
        name="q"
        placeholder={t("agency.search")}
        aria-label={t("agency.search")}
        onInput={({ currentTarget }) => setTyped(currentTarget.value.trim())}
      />
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      <ul class="found-trips">
        {found.map((one) => (
          <li key={one.id}>
            <button
              type="button"
              aria-pressed={one.id === chosen}
              data-trip={one.id}
              onClick={() => onChoose(one)}
            >
              <b>{one.plate}</b> {t(`direction.${one.direction}`)} ·{" "}
              {one.gates.map(placeName).join(" → ")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Owed({ trip, mayTake }: { trip: FoundTrip; mayTake: boolean }) {
  const { answer, wrong, again } = useAsked(() => getDues(trip.id), AGAIN_MS, [trip.id]);
  return (
    <>
      <p>
        <button type="button" class="link" onClick={() => open(trip.id)}>
          {t("agency.open_trip", { plate: trip.plate })}
        </button>
      </p>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {answer && <Money trip={trip.id} dues={answer} mayTake={mayTake} onChanged={again} />}
    </>
  );
}
