/** Where each truck of a replication is at a moment; times in epoch s. */

import { useEffect, useState } from "preact/hooks";
import { getTrucks } from "../api";
import type { TruckColumns } from "../types";

export type Standing = "away" | "yard" | "road" | "queue" | "lane" | "gone";

export const isExport = (trucks: TruckColumns, i: number): boolean => trucks.import[i] === 0;

const before = (at: number, moment: number | null | undefined): boolean =>
  moment === null || moment === undefined || at < moment;

export function standing(trucks: TruckColumns, i: number, at: number): Standing {
  if (!before(at, trucks.turned_at[i]) || !before(at, trucks.clear_at[i])) return "gone";
  if (!before(at, trucks.start_at[i])) return "lane";
  if (!before(at, trucks.gate_at[i])) return "queue";
  if (!isExport(trucks, i)) return "away";
  if (!before(at, trucks.left_at[i])) return "road";
  return before(at, trucks.yard_at[i]) ? "away" : "yard";
}

const TIMES = ["yard_at", "left_at", "gate_at", "start_at", "clear_at", "turned_at"] as const;

/** The first and the last moment at which anything happens. */
export function spanOf(trucks: TruckColumns): [number, number] {
  let [first, last] = [Infinity, -Infinity];
  for (const name of TIMES) {
    for (const at of trucks[name]) {
      if (at === null) continue;
      first = Math.min(first, at);
      last = Math.max(last, at);
    }
  }
  return first <= last ? [first, last] : [0, 1];
}

/** Trucks are thousands of numbers and never change: each run's are asked for once. */
const kept = new Map<number, Promise<TruckColumns>>();
const MOST_KEPT = 8;

function trucksOf(id: number): Promise<TruckColumns> {
  const known = kept.get(id);
  if (known) return known;
  const asked = getTrucks(id);
  kept.set(id, asked);
  asked.catch(() => kept.delete(id));
  const [oldest] = kept.keys();
  if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest);
  return asked;
}

interface Asked {
  trucks: TruckColumns | null;
  wrong: unknown;
}

export function useTrucks(id: number | null): Asked {
  const [asked, setAsked] = useState<Asked>({ trucks: null, wrong: null });
  useEffect(() => {
    let current = true;
    setAsked({ trucks: null, wrong: null });
    if (id !== null) {
      trucksOf(id).then(
        (trucks) => current && setAsked({ trucks, wrong: null }),
        (wrong: unknown) => current && setAsked({ trucks: null, wrong }),
      );
    }
    return () => {
      current = false;
    };
  }, [id]);
  return asked;
}
