/** Which rows of a work list are meant: where the keys are, and what was selected. */

import { useEffect, useState } from "preact/hooks";
import { useKept } from "./useKept";
import type { Item, WorkRow } from "../types";

export const keyOf = ({ trip, stage }: Item): string => `${trip} ${stage}`;

export interface Picking {
  current: WorkRow | undefined;
  selected: ReadonlySet<string>;
  /** What an act is about: what is selected, else where the keys are. */
  meant: WorkRow[];
  move: (by: number) => void;
  goTo: (row: WorkRow) => void;
  toggle: (row: WorkRow) => void;
  selectAll: (all: boolean) => void;
}

/** Keeps both while the list changes below: what left the list is no longer meant. */
export function usePicking(rows: readonly WorkRow[]): Picking {
  const [at, setAt] = useKept("at", { key: "", index: 0 });
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const keys = rows.map(keyOf).join("|");

  useEffect(() => {
    const there = new Set(rows.map(keyOf));
    const left = [...selected].filter((key) => there.has(key));
    if (left.length < selected.size) setSelected(new Set(left));
  }, [keys]);

  const found = rows.findIndex((row) => keyOf(row) === at.key);
  // Where the row the keys were at is done, they are at the one that moved up into its place.
  const index = found >= 0 ? found : Math.min(at.index, rows.length - 1);
  const current = rows[index];
  const goTo = (row: WorkRow): void => setAt({ key: keyOf(row), index: rows.indexOf(row) });

  const isThere = rows.length > 0;
  useEffect(() => {
    const row = document.querySelector("tr.current");
    row?.scrollIntoView({ block: "nearest" });
  }, [at.key, isThere]);

  return {
    current,
    selected,
    meant: selected.size > 0 ? rows.filter((row) => selected.has(keyOf(row))) : current ? [current] : [],
    move: (by) => {
      const next = rows[Math.max(0, Math.min(rows.length - 1, index + by))];
      if (next) goTo(next);
    },
    goTo,
    toggle: (row) => {
      const next = new Set(selected);
      if (!next.delete(keyOf(row))) next.add(keyOf(row));
      setSelected(next);
      goTo(row);
    },
    selectAll: (all) => setSelected(new Set(all ? rows.map(keyOf) : [])),
  };
}
