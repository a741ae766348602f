/** The runs that are kept, asked for often while one of them goes on. */

import { signal } from "@preact/signals";
import { find, t } from "../language";
import { instant } from "../time";
import { getRun, listRuns, startRun } from "./api";
import { address, go, MOST_RUNS } from "./address";
import type { Run, RunInList, RunOrder } from "./types";

const BUSY_MS = 300;
const QUIET_MS = 10_000;

export const runs = signal<RunInList[] | null>(null);
export const wrongRuns = signal<unknown>(null);
/** Runs with their results, by number; what is over never changes. */
export const loaded = signal<ReadonlyMap<number, Run>>(new Map());
let timer = 0;
let watching = false;

export const isOver = ({ state }: RunInList): boolean => state !== "waiting" && state !== "running";

/** Within so long a run that was cancelled has put together what it had finished. */
const SETTLES_MS = 30_000;

/** Whether a run that was cancelled may still get the result of what it had finished. */
export const settles = ({ state, digest, over_at: over }: RunInList): boolean =>
  state === "cancelled" &&
  digest === null &&
  over !== null &&
  Date.now() - instant(over).getTime() < SETTLES_MS;

/** Why a run failed, in the reader's words where it has some that need no values. */
export function failure({ error, error_kind: kind }: RunInList): string {
  const words = kind === null ? null : find(`refusals.${kind}`);
  const isWhole = words !== null && !words.includes("{");
  return t("planner.failed", { error: isWhole ? words : (error ?? "") });
}

async function look(): Promise<void> {
  clearTimeout(timer);
  try {
    runs.value = await listRuns();
    wrongRuns.value = null;
  } catch (error) {
    wrongRuns.value = error;
  }
  if (!watching) return;
  const busy = runs.value?.some((run) => !isOver(run) || settles(run)) ?? false;
  timer = setTimeout(() => void look(), busy ? BUSY_MS : QUIET_MS);
}

/** Follow the list until the returned function is called. */
export function watch(): () => void {
  watching = true;
  void look();
  return () => {
    watching = false;
    clearTimeout(timer);
  };
}

/** Fetch a run with its result. */
export async function load(id: number): Promise<void> {
  const run = await getRun(id);
  loaded.value = new Map([...loaded.value, [id, run]]);
}

/** Ask for runs, one a way of steering, and compare them. */
export async function start(orders: readonly RunOrder[]): Promise<void> {
  const asked: number[] = [];
  for (const order of orders) asked.push((await startRun(order)).id);
  go({ view: "runs", runs: asked.slice(0, MOST_RUNS), picture: address.value.picture });
  await look();
}
