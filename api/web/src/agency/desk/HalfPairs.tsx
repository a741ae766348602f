import { t } from "../../language";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { duration } from "../../time";
import { heat, secondsSince } from "../clock";
import { open } from "../views";
import { type HalfPair, listHalfPairs } from "./api";

const AGAIN_MS = 15_000;

/** Trucks in a yard that cannot go on: the one they hand their goods to is not there. */
export function HalfPairs() {
  const { answer, wrong } = useAsked(listHalfPairs, AGAIN_MS, []);
  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!answer || answer.length === 0) return null;
  return (
    <section class="sheet pairs">
      <h2>{t("agency.half_pairs")}</h2>
      <table class="crossings">
        <tbody>
          {answer.map((one) => (
            <Pair key={one.trip_id} pair={one} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Pair({ pair }: { pair: HalfPair }) {
  const waited = secondsSince(pair.arrived_at);
  return (
    <tr data-pair={pair.trip_id}>
      <td>
        <Plate trip={pair.trip_id} plate={pair.plate} />
        {pair.haulier !== null && <small> {pair.haulier}</small>}
      </td>
      <td>
        {placeName(pair.gate)} <small>{t(`direction.${pair.direction}`)}</small>
      </td>
      <td>
        <Plate trip={pair.pair_trip_id} plate={pair.pair_plate} />{" "}
        <small>{t(`agency.pair_${pair.missing}`)}</small>
      </td>
      <td class={heat(waited)}>{duration(waited)}</td>
    </tr>
  );
}

function Plate({ trip, plate }: { trip: number | null; plate: string }) {
  if (trip === null) return <>{plate}</>;
  return (
    <button type="button" class="link" onClick={() => open(trip)}>
      {plate}
    </button>
  );
}
