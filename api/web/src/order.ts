/** What the server says of the order: why, what disturbs it, what it costs. Instants are ISO 8601. */

import type { Described } from "./call";

export type Penalty = Described<"PenaltyAnswer">;

/** Why a truck's device was changed. */
export type Cause = Described<"Cause">;
export const CAUSES: readonly Cause[] = ["broken", "lost", "replaced"];

/** How many trucks, by which rule, in words of the language asked for. */
export type Counted = Described<"Counted">;

/** What an agency can confirm now and that stands in a trip's way, in words of the language. */
export interface Missing extends Described<"Missing"> {
  state: "ready" | "asked" | "refused" | "expired";
}

/** Where a trip stands and why; `place` counts from 1, null where its turn is not known. */
export interface Why extends Described<"Why"> {
  missing: Missing[];
}

/** Ended by whom, where somebody opened the gate again before its time. */
export type Closure = Described<"ShownClosure">;
export type ClosureWish = Described<"NewClosure">;

/** Whom a closure would touch until `until`, which is assumed where no end is known. */
export type Affected = Described<"Affected">;

export type AdviceKind = Described<"AdviceKind">;
export type Held = Described<"Held">;

export interface Plan extends Described<"ShownPlan"> {
  status: "optimal" | "fallback";
}

/** How often a truck went before an earlier one on a day: by gate, then by reason. */
export type Overtakes = Described<"Overtakes">;
