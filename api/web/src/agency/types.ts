/** What the server says of stages, dues and partners, as the agencies' page reads it. */

import type { Described } from "../call";
import type { Cargo, Direction, Names } from "../types";

export const DESKS = [
  "customs",
  "border_guard",
  "plant_quarantine",
  "health_quarantine",
  "tax",
  "yard",
] as const;
export type Desk = (typeof DESKS)[number];
/** Who a stage may belong to. */
export type Belongs = Described<"Desk"> | null;
export type Act = Described<"Act">;
export type StageState = Described<"ShownStage">["state"];
export type Origin = "hand" | "system" | "visit" | "camera" | "payment" | "partner";
export type Lock = "slot" | "release" | "gate";
/** Facts that a stage settles or a condition names, by name. */
export type Facts = Record<string, string>;

export type WaitsFor = Described<"WaitsFor">;

export interface WorkRow extends Described<"ShownWork"> {
  direction: Direction;
  cargo: Cargo;
  load: "laden" | "empty";
  state: StageState;
  locked: Lock[];
}

/** What waits at a stage, by how it stands; `at_least`: not all were counted. */
export type StageCount = Required<Described<"Counts">>;

/** `at` is the server's own moment: what is so old is counted from it. */
export interface Work extends Described<"Work"> {
  desk: Desk;
  counts: StageCount[];
  rows: WorkRow[];
}

/** One stage of one trip, as somebody may act on it. */
export type Item = Described<"Item">;
export type Bulk = Described<"BulkDone">;

/** What somebody says of a stage. */
export interface Word {
  act: Act;
  reason?: string;
  note?: string;
  settled?: Facts;
}

/** `by` is hidden from hauliers alone. */
export interface StageRecord extends Described<"ShownRecord"> {
  act: Act;
  origin: Origin;
  by: string;
  desk: Belongs;
}

/** `may`: what the reader may say of it now. */
export interface TripStage extends Described<"ShownStage"> {
  name: Names;
  unlocks: Lock[];
  record: StageRecord | null;
}

export interface TripStages extends Described<"TripStages"> {
  name: Names | null;
  locked: Lock[];
  stages: TripStage[];
  records: StageRecord[];
}

export interface FlowStage extends Described<"StageOf"> {
  name: Names;
  unlocks: Lock[];
}

export interface Variant extends Described<"VariantOf"> {
  name: Names;
  direction: Direction;
  stages: FlowStage[];
}

export interface Named extends Described<"Named"> {
  name: Names;
}

/** How trucks pass at a site, as the version in force says it. */
export interface Workflow extends Described<"ShownWorkflow"> {
  variants: Variant[];
  goods_classes: Named[];
  weight_classes: (Described<"ShownWeights"> & Named)[];
  handovers: Named[];
  in_force: (Described<"InForce"> & { direction: Direction })[];
}
