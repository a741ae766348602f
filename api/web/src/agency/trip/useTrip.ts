/** Everything a trip's page shows, asked for part by part: one that fails leaves the others there. */

import { useEffect } from "preact/hooks";
import { getPast, getTrip, getWhy } from "../../client";
import { language } from "../../language";
import { type Asked, useAsked } from "../../parts/useAsked";
import type { Session } from "../../types";
import { getStages } from "../api";
import { hearMoment } from "../clock";
import { getDeclaration, getDues, listConflicts, listDocuments } from "./declaration";

const OFTEN_MS = 4_000;
const SELDOM_MS = 15_000;

/** Ask nothing of what the reader's role is refused. */
const none = <T>(empty: T): Promise<T> => Promise.resolve(empty);

export function useTrip(id: number, session: Session) {
  const may = (right: string): boolean => session.permissions.includes(right);
  const stages = useAsked(() => getStages(id), OFTEN_MS, [id]);
  const trip = useAsked(() => getTrip(id), SELDOM_MS, [id]);
  const declaration = useAsked(() => getDeclaration(id), SELDOM_MS, [id]);
  const documents = useAsked(() => listDocuments(id), SELDOM_MS, [id]);
  const dues = useAsked(() => getDues(id), SELDOM_MS, [id]);
  const conflicts = useAsked(
    () => (may("conflicts") ? listConflicts(id) : none([])),
    SELDOM_MS,
    [id],
  );
  const past = useAsked(() => getPast(id), SELDOM_MS, [id]);
  const why = useAsked(() => getWhy(id, language.value), SELDOM_MS, [id, language.value]);
  useEffect(() => {
    if (stages.answer) hearMoment(stages.answer.at);
  }, [stages.answer]);
  const parts: Asked<unknown>[] = [
    stages,
    trip,
    declaration,
    documents,
    dues,
    conflicts,
    past,
    why,
  ];
  return {
    stages: stages.answer,
    trip: trip.answer,
    declaration: declaration.answer,
    documents: documents.answer ?? [],
    dues: dues.answer,
    conflicts: conflicts.answer ?? [],
    past: past.answer,
    why: why.answer,
    wrong: parts.find((one) => one.wrong !== null)?.wrong ?? null,
    again: () => parts.forEach((one) => one.again()),
  };
}
