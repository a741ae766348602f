/** Everything a trip's page shows, asked for part by part: one that fails leaves the others there. */

import { useEffect } from "preact/hooks";
import { getPast, getTrip, getWhy } from "../../client";
import { language } from "../../language";
import { type Asked, useAsked } from "../../parts/useAsked";
import { getStages } from "../api";
import { hearMoment } from "../clock";
import { getCrossings, getDeclaration, getDues } from "./declaration";

const OFTEN_MS = 4_000;
const SELDOM_MS = 15_000;

/** ``seesStages``: planners do not, who plan by what a trip is and not by its papers. */
export function useTrip(id: number, seesStages: boolean) {
  const stages = useAsked(async () => (seesStages ? getStages(id) : null), OFTEN_MS, [id]);
  const trip = useAsked(() => getTrip(id), SELDOM_MS, [id]);
  const declaration = useAsked(() => getDeclaration(id), SELDOM_MS, [id]);
  const dues = useAsked(() => getDues(id), SELDOM_MS, [id]);
  const crossings = useAsked(() => getCrossings(id), SELDOM_MS, [id]);
  const past = useAsked(() => getPast(id), SELDOM_MS, [id]);
  const why = useAsked(() => getWhy(id, language.value), SELDOM_MS, [id, language.value]);
  useEffect(() => {
    if (stages.answer) hearMoment(stages.answer.at);
  }, [stages.answer]);
  const parts: Asked<unknown>[] = [stages, trip, declaration, dues, crossings, past, why];
  return {
    stages: stages.answer,
    trip: trip.answer,
    declaration: declaration.answer,
    dues: dues.answer,
    crossings: crossings.answer,
    past: past.answer,
    why: why.answer,
    wrong: parts.find((one) => one.wrong !== null)?.wrong ?? null,
    again: () => parts.forEach((one) => one.again()),
  };
}
