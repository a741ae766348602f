/** What the server says of days that can be played and of runs; see `api/simulations.py`. */

import type { Values } from "../request";
import type { Names } from "../types";

export interface ScenarioChoice {
  id: string;
  name: Names;
  /** Whether somebody wrote it here; the others ship with flowctl. */
  saved: boolean;
  owner?: string | null;
  changed_at?: string | null;
}

export interface ScenarioText {
  id: string;
  name: Names;
  text: string;
  saved: boolean;
}

export type FieldValue = number | string | boolean | null;

/** A value, or a whole row of an array of tables. */
export type RowValue = FieldValue | Record<string, FieldValue>;

/** One thing that may be edited by form; `{gate}` and the like in `path` stand for every one there is. */
export interface FormField {
  path: string;
  kind: "number" | "whole" | "share" | "text" | "choice";
  least: number | null;
  most: number | null;
  step: number | null;
  unit: string | null;
  group: string;
  label: string;
  choices?: readonly string[] | null;
}

export interface TextProblem {
  /** In English. */
  text: string;
  line: number | null;
  /** With `values` the words for it in every language, where it has them. */
  kind: string | null;
  values: Values;
}

export interface Checked {
  ok: boolean;
  problems: TextProblem[];
  values: Record<string, FieldValue>;
}

export interface RunOrder {
  text: string;
  steering: string;
  seed: number;
  replications: number;
}

export type RunState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** A run without its result. */
export interface RunInList {
  id: number;
  scenario: string;
  name: Names;
  steering: string;
  seed: number;
  replications: number;
  state: RunState;
  /** 0 to 1. */
  progress: number;
  /** Replications that are finished. */
  done: number;
  /** In English. */
  error: string | null;
  /** Names the words for it, where it has them. */
  error_kind: string | null;
  created_by: string;
  created_at: string;
  over_at: string | null;
  /** Of its result, null where it has none. */
  digest: string | null;
}

export interface Run extends RunInList {
  request: RunOrder;
  result: Result | null;
}

export interface Interval {
  mean: number | null;
  low: number | null;
  high: number | null;
}

export type Unit = "s" | "trucks" | "share" | "vnd" | "min" | "count";

/** The mean of all replications and 5-95 % of them, on the result's `grid`. */
export interface Band {
  mean: (number | null)[];
  low: (number | null)[];
  high: (number | null)[];
}

export interface SlotCounts {
  /** Epoch s. */
  starts: number[];
  planned: number[];
  came: number[];
}

export interface Note {
  kind: string;
  values: Record<string, string | number | null>;
  text: string;
}

export interface Result {
  scenario: string;
  name: Names;
  steering: string;
  seed: number;
  replications: number;
  version: string;
  policy: string | null;
  timezone: string;
  digest: string;
  /** Of the wall, seconds. */
  seconds: number;
  stopped_early: boolean;
  notes: Note[];
  /** Epoch s, every 5 min. */
  grid: number[];
  measures: Record<string, Interval & { unit: Unit }>;
  classes: Record<string, Record<string, Interval>>;
  gates: Record<string, { queue: Band; waiting: Band }>;
  yards: Record<string, { occupancy: Band; places: number | null }>;
  waits: { edges_min: number[]; gate: number[]; total: number[] };
  slots: Record<string, SlotCounts> | null;
}

/** Columns of one length, a truck a row; times in epoch s, null where that never came. */
export interface TruckColumns {
  gate: number[];
  import: number[];
  yard: number[];
  cargo: number[];
  yard_at: (number | null)[];
  ready_at: (number | null)[];
  released_at: (number | null)[];
  /** When it left its yard. */
  left_at: (number | null)[];
  gate_at: (number | null)[];
  start_at: (number | null)[];
  clear_at: (number | null)[];
  turned_at: (number | null)[];
  slot_at: (number | null)[];
  gates: string[];
  yards: string[];
  cargoes: string[];
}

export interface Difference extends Interval {
  paired: boolean;
}

export interface Comparison {
  runs: { id: number; label: string }[];
  measures: {
    key: string;
    unit: Unit;
    values: Interval[];
    /** Against the first run, which has none. */
    differences: (Difference | null)[];
  }[];
}
