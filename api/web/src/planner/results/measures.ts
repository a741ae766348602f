/** Measures in the order planners ask for them, their names, and which way is better. */

import { find } from "../../language";
import { placeName } from "../../parts/place";

/** What stands in the table before somebody asks for all of it. */
export const TELLING: readonly string[] = [
  "total_wait_mean_s",
  "total_wait_p90_s",
  "gate_wait_mean_s",
  "gate_wait_p50_s",
  "gate_wait_p90_s",
  "gate_wait_p95_s",
  "queue_max",
  "cleared_export",
  "cleared_import",
  "waiting_at_end",
  "turned_back",
  "no_shows",
  "utilisation",
  "starved_place_min",
  "overtakes",
  "messages",
  "waiting_cost_vnd",
  "wait_gini",
];

export function rankOf(key: string): number {
  const at = TELLING.indexOf(key);
  return at < 0 ? TELLING.length : at;
}

/** "queue_max" or, of one place or cargo, "queue_max.tan_thanh". */
export function measureName(key: string): string {
  const [measure = key, of] = key.split(".");
  const name = find(`planner_measure.${measure}`) ?? measure;
  if (of === undefined) return name;
  return `${name} · ${find(`cargo.${of}`) ?? placeName(of)}`;
}

const MORE_IS_BETTER = /^(cleared|utilisation)/;
/** More of it is neither good nor bad by itself. */
const PLAIN = /^(messages|no_shows)/;

export function tone(key: string, difference: number): "better" | "worse" | "" {
  if (PLAIN.test(key) || difference === 0) return "";
  return difference > 0 === MORE_IS_BETTER.test(key) ? "better" : "worse";
}
