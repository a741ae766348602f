import { useEffect, useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { siteMoment } from "../../parts/account/moments";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { duration } from "../../time";
import type { Site } from "../../types";
import { hearMoment, now, secondsSince } from "../clock";
import { open } from "../views";
import { HalfPairs } from "./HalfPairs";
import {
  type Crossing,
  CROSSINGS_FILE,
  type CrossingPage,
  type CrossingState,
  listCrossings,
} from "./api";

const AGAIN_MS = 15_000;
const STATES: readonly CrossingState[] = ["overdue", "away", "all"];

/** Trucks that went over: by when each must be back, and who is late. */
export function Crossings({ site }: { site: Site }) {
  const [state, setState] = useState<CrossingState>("away");
  const [gate, setGate] = useState<string | null>(null);
  const [after, setAfter] = useState<number | null>(null);
  const asked = [state, gate, after];
  const { answer, wrong } = useAsked(() => listCrossings(state, gate, after), AGAIN_MS, asked);
  useEffect(() => {
    if (answer) hearMoment(answer.at);
  }, [answer]);
  const from = <T,>(set: (value: T) => void) => (value: T) => {
    setAfter(null);
    set(value);
  };
  return (
    <>
      <HalfPairs />
      <section class="sheet">
        <h2>{t("agency.view_crossings")}</h2>
        <p class="filters">
          <span class="views">
            {STATES.map((one) => (
              <button
                type="button"
                key={one}
                aria-pressed={one === state}
                onClick={() => from(setState)(one)}
              >
                {t(`agency.crossings_${one}`)} <b>{answer && one !== "all" && count(answer, one)}</b>
              </button>
            ))}
          </span>
          <select
            name="gate"
            aria-label={t("agency.gate")}
            value={gate ?? ""}
            onChange={(event) => from(setGate)(event.currentTarget.value || null)}
          >
            <option value="">{t("agency.all_gates")}</option>
            {site.gates.map(({ id, name }) => (
              <option key={id} value={id}>
                {nameOf(name)}
              </option>
            ))}
          </select>
          <a href={CROSSINGS_FILE}>{t("agency.as_csv")}</a>
        </p>
        {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
        {answer?.rows.length === 0 && <p class="nothing">{t("agency.no_crossings")}</p>}
        <table class="crossings">
          <tbody>
            {answer?.rows.map((one) => (
              <Row key={one.id} crossing={one} timezone={site.timezone} />
            ))}
          </tbody>
        </table>
        {answer?.next && (
          <button type="button" onClick={() => setAfter(Number(answer.next))}>
            {t("agency.next_page")}
          </button>
        )}
      </section>
    </>
  );
}

const count = ({ counts }: CrossingPage, what: "away" | "overdue"): number =>
  counts.reduce((sum, one) => sum + one[what], 0);

function Row({ crossing, timezone }: { crossing: Crossing; timezone: string }) {
  const { trip, plate } = crossing;
  const over = crossing.state === "overdue";
  return (
    <tr class={over ? "overdue" : ""} data-crossing={crossing.id}>
      <td>
        {trip === null ? (
          plate
        ) : (
          <button type="button" class="link" onClick={() => open(trip)}>
            {plate}
          </button>
        )}
        {crossing.haulier !== null && <small> {crossing.haulier}</small>}
        {crossing.load === "empty" && (
          <small class="tag">{t("agency.value_load_empty")}</small>
        )}
      </td>
      <td>
        {placeName(crossing.gate)} <small>{t(`direction.${crossing.direction}`)}</small>
      </td>
      <td>{siteMoment(crossing.at, timezone)}</td>
      <td class={over ? "bad" : ""}>{limit(crossing, timezone, over)}</td>
    </tr>
  );
}

function limit({ due_at, returned_at }: Crossing, timezone: string, over: boolean): string {
  if (returned_at !== null) return t("agency.came_back", { at: siteMoment(returned_at, timezone) });
  if (due_at === null) return t("agency.need_not_return");
  const apart = Math.abs(secondsSince(due_at));
  if (over) return t("agency.late_by", { span: duration(apart) });
  const left = (Date.parse(due_at) - now().getTime()) / 1000;
  return t("agency.back_within", { span: duration(left), at: siteMoment(due_at, timezone) });
}
