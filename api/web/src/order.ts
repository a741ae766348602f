/** What the server says of the order: why, what disturbs it, what it costs. Instants are ISO 8601. */

export interface Penalty {
  id: number;
  kind: string;
  loses_s: number;
  at: string;
  banned_until: string | null;
  lifted_at: string | null;
  lifted_by: string | null;
}

/** Why a truck's device was changed. */
export const CAUSES = ["broken", "lost", "replaced"] as const;
export type Cause = (typeof CAUSES)[number];

/** How many trucks, by which rule, in words of the language asked for. */
export interface Counted {
  reason: string;
  n: number;
  text: string;
}

/** What an agency can confirm now and that stands in a trip's way, in words of the language. */
export interface Missing {
  stage: string;
  desk: string;
  state: "ready" | "asked" | "refused" | "expired";
  since: string;
  text: string;
}

/** Where a trip stands and why; `place` counts from 1, null where its turn is not known. */
export interface Why {
  gate: string | null;
  place: number | null;
  text: string;
  ahead: Counted[];
  passed_by: Counted[];
  missing: Missing[];
  history: { seq: number; code: string; at: string; text: string }[];
}

export interface Closure {
  id: number;
  gate: string;
  starts_at: string;
  ends_at: string | null;
  places_left: number;
  reason: string;
  entered_by: string;
  /** Who opened the gate again before its time. */
  ended_by: string | null;
}

export interface ClosureWish {
  starts_at?: string;
  ends_at?: string;
  places_left: number;
  reason: string;
}

/** Whom a closure would touch until `until`, which is assumed where no end is known. */
export interface Affected {
  until: string;
  slots: number;
  called: number;
}

export type AdviceKind = "hold" | "stay" | "no_slot";

export interface Held {
  trip_id: number;
  plate: string;
  gate: string;
  kind: AdviceKind;
  at: string;
}

export interface Plan {
  planned_at: string;
  status: "optimal" | "fallback";
  policy: string | null;
  trips: number;
  unserved: number;
  inversions: number;
  cost: number;
  bound: number;
  gap: number | null;
  unit_vnd: number;
  cost_vnd: number;
  solve_s: number;
  prices: { gate: string; lane_class: string | null; starts_at: string; price_vnd: number }[];
}

/** How often a truck went before an earlier one on a day: by gate, then by reason. */
export interface Overtakes {
  day: string;
  gates: Record<string, Record<string, number>>;
}
