/** One simulation from the order to the result. Its number stands in the address, to come back to. */

import { signal } from "@preact/signals";
import { getSimulation, startSimulation } from "../client";
import type { Simulation, SimulationRequest } from "../types";

const POLL_MS = 1_000;

export const simulation = signal<Simulation | null>(null);
export const failure = signal<unknown>(null);
let timer = 0;

function over(one: Simulation): boolean {
  return one.state === "done" || one.state === "failed" || one.state === "cancelled";
}

async function watch(id: number): Promise<void> {
  clearTimeout(timer);
  try {
    simulation.value = await getSimulation(id);
    failure.value = null;
    if (over(simulation.value)) return;
  } catch (error) {
    failure.value = error;
    // Without a first answer there is nothing to wait for; a later hitch passes.
    if (simulation.value?.id !== id) return;
  }
  timer = setTimeout(() => void watch(id), POLL_MS);
}

export async function run(order: SimulationRequest): Promise<void> {
  failure.value = null;
  simulation.value = null;
  try {
    const { id } = await startSimulation(order);
    history.replaceState(null, "", `#${id}`);
    simulation.value = { id, state: "waiting", progress: 0, error: null, result: null };
    await watch(id);
  } catch (error) {
    failure.value = error;
  }
}

/** Take up the simulation the address names, if it names one. */
export function resume(): void {
  const id = Number(location.hash.slice(1));
  if (Number.isInteger(id) && id > 0) void watch(id);
}
