import { useEffect, useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { clockTime, instant } from "../../time";
import type { Site, Trip } from "../../types";
import { findTrips } from "./api";

const PAUSE_MS = 250;

interface Props {
  /** The trip that is not among those found. */
  not: number;
  site: Site;
  chosen: Trip | null;
  onChoose: (trip: Trip | null) => void;
}

/** Chooses another active truck by a part of its plate. */
export function OtherTruck({ not, site, chosen, onChoose }: Props) {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<Trip[] | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    setFound(null);
    if (typed.trim().length < 2) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      findTrips(typed.trim()).then(
        (trips) => current && (setFound(trips.filter(({ id }) => id !== not)), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [typed, not]);

  const slot = (trip: Trip): string => {
    if (trip.slot === null) return t("act.no_slot");
    const gate = site.gates.find(({ id }) => id === trip.slot?.gate);
    const time = clockTime(instant(trip.slot.starts_at), site.timezone);
    return `${time} ${gate ? nameOf(gate.name) : trip.slot.gate}`;
  };
  return (
    <div class="other-truck">
      <label>
        {t("act.other")}
        <input
          name="other"
          autocomplete="off"
          spellcheck={false}
          required
          // Only a truck that was chosen of the list is one.
          ref={(input) => input?.setCustomValidity(chosen ? "" : t("act.choose"))}
          value={chosen ? chosen.plate : typed}
          onInput={(event) => {
            onChoose(null);
            setTyped(event.currentTarget.value);
          }}
        />
      </label>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {chosen !== null && <p class="quiet">{slot(chosen)}</p>}
      {chosen === null && found !== null && (
        <ul>
          {found.map((trip) => (
            <li key={trip.id}>
              <button type="button" onClick={() => onChoose(trip)}>
                <b>{trip.plate}</b> {slot(trip)}
              </button>
            </li>
          ))}
          {found.length === 0 && <li class="quiet">{t("act.other_none")}</li>}
        </ul>
      )}
    </div>
  );
}
