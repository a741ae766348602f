/** What the officers' page asks of the server. */

import { call } from "../call";
import type { Names } from "../types";

export type Kind = "admitted" | "refused" | "early" | "late";
export const REFUSALS = [
  "papers",
  "plate_differs",
  "cargo_differs",
  "not_called",
  "not_due",
  "wrong_gate",
  "pass_invalid",
  "unfit",
] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface Slot {
  starts_at: string;
  ends_at: string;
}

export interface Told {
  kind: Kind;
  reason: string | null;
  at: string;
  by: string;
}

/** Where and when a truck was let in, which no refusal there took back. */
export interface Admission {
  gate: string;
  at: string;
  by: string;
}

export const DESKS = [
  "customs",
  "border_guard",
  "plant_quarantine",
  "health_quarantine",
  "tax",
  "yard",
  "haulier",
] as const;

/** A stage that an agency confirms before the truck may go on. */
export interface Clearance {
  stage: string;
  name: Names;
  desk: (typeof DESKS)[number];
  state: "waiting" | "ready" | "asked" | "confirmed" | "refused" | "expired";
}

/** A truck of the list; `order` counts from 1, null where its turn is not known. */
export interface Listed {
  trip: number;
  plate: string;
  direction: string;
  slot: Slot | null;
  stage: string;
  released_at: string | null;
  order: number | null;
  needs: string | null;
  decision: Told | null;
  admission: Admission | null;
  /** The other gate it is due at, where it is not this one. */
  elsewhere?: string;
  /** What its stages do not allow yet; not in lists kept from before, like what follows. */
  locked?: string[];
  clearances?: Clearance[];
}

/** A truck due at another gate, to be sent on. */
export interface Elsewhere {
  trip: number;
  plate: string;
  direction: string;
  gate: string;
  slot: Slot | null;
  stage: string;
  released_at: string | null;
}

export interface GateList {
  site: string;
  gate: string;
  at: string;
  /** Ed25519, base64url: what checks passes without a network. */
  public_key: string;
  /** While the secret is changed: what passes of before were signed by. */
  former_keys?: string[];
  early_s: number;
  late_s: number;
  trips: Listed[];
  /** Not in lists kept from before. */
  elsewhere?: Elsewhere[];
}

/** A decision with an id of this page's own: sent twice, it counts once. */
export interface Decision {
  id: string;
  trip?: number;
  plate?: string;
  kind: Kind;
  reason?: Refusal;
  /** Admitted although the page showed that agencies had not confirmed all. */
  uncleared?: true;
  at: string;
}

export interface Decided {
  recorded: number;
  repeated: number;
  refused: { id: string; detail: string }[];
}

export const getList = (gate: string): Promise<GateList> =>
  call("GET", "/v1/gates/{gate}/list", { path: { gate } });
export const sendDecisions = (gate: string, decisions: Decision[]): Promise<Decided> =>
  call("POST", "/v1/gates/{gate}/decisions", { path: { gate }, body: decisions });
