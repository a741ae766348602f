/** What the server says of stages, dues and partners, as the agencies' page reads it. */

import type { Cargo, Direction, Names, SlotWindow } from "../types";

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
export type Belongs = Desk | "haulier" | null;
export type Act = "confirmed" | "refused" | "asked" | "answered" | "withdrawn";
export type StageState = "waiting" | "ready" | "asked" | "confirmed" | "refused" | "expired";
export type Origin = "hand" | "system" | "visit" | "camera" | "payment" | "partner";
export type Lock = "slot" | "release" | "gate";
/** Facts that a stage settles or a condition names, by name. */
export type Facts = Record<string, string>;

export interface WaitsFor {
  stage: string;
  desk: Belongs;
  since: string;
}

export interface WorkRow {
  trip: number;
  plate: string;
  nationality: string;
  direction: Direction;
  gate: string;
  cargo: Cargo;
  goods_class: string | null;
  weight_class: string | null;
  load: "laden" | "empty";
  haulier: string | null;
  stage: string;
  state: StageState;
  since: string;
  waits_for: WaitsFor[];
  marks: string[];
  has_documents: boolean;
  open_conflicts: number;
  slot: (SlotWindow & { gate: string }) | { gate: string; starts_at: string } | null;
  locked: Lock[];
}

/** What waits at a stage, by how it stands. */
export interface StageCount {
  stage: string;
  /** Not all were counted. */
  at_least: boolean;
  ready: number;
  asked: number;
  refused: number;
  expired: number;
}

export interface Work {
  /** The server's own moment: what is so old is counted from it. */
  at: string;
  desk: Desk;
  counts: StageCount[];
  rows: WorkRow[];
  next: string | null;
}

/** One stage of one trip, as somebody may act on it. */
export interface Item {
  trip: number;
  stage: string;
}

export interface RefusedItem extends Item {
  detail: string;
  kind: string | null;
  values: Record<string, string | number | string[] | null>;
}

export interface Bulk {
  done: Item[];
  refused: RefusedItem[];
}

/** What somebody says of a stage. */
export interface Word {
  act: Act;
  reason?: string;
  note?: string;
  settled?: Facts;
}

export interface StageRecord {
  id: number;
  stage: string;
  act: Act;
  origin: Origin;
  by: string;
  desk: Belongs;
  at: string;
  recorded_at: string;
  reason: string | null;
  note: string | null;
  settled: Facts;
  evidence: Record<string, unknown>;
}

export interface TripStage {
  stage: string;
  name: Names;
  desk: Belongs;
  state: StageState;
  since: string;
  needs: string[];
  waits_for: WaitsFor[];
  expires_at: string | null;
  unlocks: Lock[];
  settles: string[];
  /** What the reader may say of it now. */
  may: Act[];
  record: StageRecord | null;
}

export interface TripStages {
  at: string;
  trip: number;
  plate: string;
  version: string | null;
  variant: string | null;
  name: Names | null;
  locked: Lock[];
  stages: TripStage[];
  records: StageRecord[];
}

export interface FlowStage {
  id: string;
  name: Names;
  desk: Belongs;
  proofs: string[];
  needs: string[];
  applies: Record<string, string[]>;
  unlocks: Lock[];
  settles: string[];
  expires_h: number | null;
}

export interface Variant {
  id: string;
  name: Names;
  direction: Direction;
  gates: string[];
  handover: string;
  stages: FlowStage[];
}

export interface Named {
  id: string;
  name: Names;
}

/** How trucks pass at a site, as the version in force says it. */
export interface Workflow {
  version: string;
  valid_from: string;
  variants: Variant[];
  goods_classes: Named[];
  weight_classes: (Named & { from_t: number | null; below_t: number | null })[];
  handovers: Named[];
  in_force: { gate: string; direction: Direction; variants: string[]; default: string | null }[];
}
