/** The runs a picture is of, in the order of the comparison. */

import { nameOf } from "../../language";
import { steeringName } from "../steering";
import type { Result, Run, RunInList } from "../types";

export interface Shown {
  id: number;
  label: string;
  result: Result;
}

/** A run's name beside others: what sets them apart comes first. */
export function labelOf(run: RunInList, beside: readonly RunInList[]): string {
  const steering = steeringName(run.steering);
  const days = new Set(beside.map((one) => one.scenario));
  const alike = beside.filter(
    (one) => one.steering === run.steering && one.scenario === run.scenario,
  );
  const name = days.size > 1 ? `${steering} · ${nameOf(run.name)}` : steering;
  return alike.length > 1 ? `${name} · ${run.id}` : name;
}

export function shownOf(runs: readonly Run[]): Shown[] {
  return runs.flatMap((run) =>
    run.result === null ? [] : [{ id: run.id, label: labelOf(run, runs), result: run.result }],
  );
}
