/** What the server says of days that can be played and of runs; see `api/simulation_results.py`. */

import type { Described } from "../call";
import type { Names } from "../types";

/** `saved`: somebody wrote it here; the others ship with flowctl. */
export interface ScenarioChoice extends Described<"ScenarioChoice"> {
  name: Names;
}
export interface ScenarioText extends Described<"ScenarioText"> {
  name: Names;
}

export type FieldValue = number | string | boolean | null;

/** A value, or a whole row of an array of tables. */
export type RowValue = FieldValue | Record<string, FieldValue>;

/** One thing that may be edited by form; `{gate}` and the like in `path` stand for every one there is. */
export interface FormField extends Described<"FormField"> {
  kind: "number" | "whole" | "share" | "text" | "choice";
}

/** In English; `kind` and `values` name the words for it in every language, where it has them. */
export interface TextProblem extends Required<Described<"Problem">> {}

export interface Checked extends Described<"api__scenarios__Checked"> {
  problems: TextProblem[];
}

export type RunOrder = Pick<
  Described<"RunRequest">,
  "text" | "steering" | "seed" | "replications"
>;

export type RunState = "waiting" | "running" | "done" | "failed" | "cancelled";

/**
 * A run without its result: `progress` is 0 to 1, `done` counts replications. `error` is in
 * English, `error_kind` names the words for it, where it has them; `digest` is its result's.
 */
export interface RunInList extends Described<"RunLine"> {
  name: Names;
  state: RunState;
}

export interface Run extends Omit<Described<"Run">, "name" | "state" | "result">, RunInList {
  result: Result | null;
}

export type Interval = Required<Described<"Interval">>;

export type Unit = "s" | "trucks" | "share" | "vnd" | "min" | "count";

/** The mean of all replications and 5-95 % of them, on the result's `grid`. */
export type Band = Described<"RunBand">;
export type SlotCounts = Described<"RunSlots">;
export type Note = Described<"RunNote">;

/** `seconds` are the wall's; times of `grid` are epoch s. */
export interface Result extends Described<"RunResult"> {
  name: Names;
  measures: Record<string, Interval & { unit: Unit }>;
  classes: Record<string, Record<string, Interval>>;
}

/** Columns of one length, a truck a row; times in epoch s, null where that never came. */
export type TruckColumns = Described<"RunTrucks">;

export type Difference = Described<"Difference">;

/** A run's value is null where it has no such measure; the first run has no difference. */
export interface Comparison {
  runs: { id: number; label: string }[];
  measures: {
    key: string;
    unit: Unit;
    values: (Interval | null)[];
    differences: (Difference | null)[];
  }[];
}
