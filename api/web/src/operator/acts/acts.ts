/** Acts of operators, as the server tells of them. Instants are ISO 8601 text. */

import type { Refusal } from "../../parts/problem";
import type { Cargo, Direction, Language } from "../../types";

export type ActKind =
  | "hold_truck"
  | "hold_class"
  | "capacity"
  | "open_gate"
  | "pin"
  | "swap"
  | "forward";
export type PreviewKind = ActKind | "close_gate";
export type ActState = "waiting" | "standing" | "done" | "ended" | "refused" | "lapsed";

/** What an act is asked for with, beside its reason and note; fields by kind. */
export interface Wish {
  kind: PreviewKind;
  [field: string]: string | number | undefined;
}

/** A driver's last word, with the slot that counts by it. */
export interface InHand {
  word: "nothing" | "planned" | "slot" | "called" | "held" | "stay" | "no_slot";
  gate: string | null;
  starts_at: string | null;
}

/** What a driver has in hand now and with the act; `otherwise` where even without it that changes. */
export interface Move {
  trip_id: number;
  plate: string;
  from: InHand;
  otherwise: InHand | null;
  to: InHand;
  /** How much later the act puts the slot. */
  shift_s: number | null;
  /** When the hold ends by which he stays; null where nobody knows. */
  held_until: string | null;
}

/** What an act would change; `refused` says why it cannot be, `warning` what to look at twice. */
export interface Effect {
  at: string;
  solve_s: number;
  refused: Refusal | null;
  warning: Refusal | null;
  moved: number;
  earlier: number;
  later: number;
  worst_later_s: number | null;
  /** Of those moved: told to stay, no longer told so, called up now, no longer called up now. */
  held: number;
  freed: number;
  called: number;
  uncalled: number;
  /** Whom nobody tells anything yet, and how much later these are planned on average. */
  others: number;
  others_shift_s: number | null;
  /** How many drivers at most hear of a change in later ticks. */
  to_come: number;
  /** How many more find no slot. */
  unserved: number;
  overtaken: number;
  delay_cost_vnd: number | null;
  trips: Move[];
}

export interface ActRecord {
  id: number;
  kind: ActKind;
  state: ActState;
  by: string;
  at: string;
  reason: string;
  note: string;
  trip_id: number | null;
  plate: string | null;
  gate: string | null;
  params: {
    other_trip_id?: number;
    other_plate?: string;
    gate?: string;
    cargo?: Cargo;
    haulier?: string;
    per_h?: number;
    starts_at?: string;
    ends_at?: string;
  };
  approved_by: string | null;
  ended_by: string | null;
  ended_at: string | null;
  outcome: string | null;
}

export type Reasons = Partial<Record<PreviewKind, string[]>>;

/** That a truck came into a yard or left it, by an operator's word. */
export interface HandWord {
  id: number;
  trip_id: number;
  plate: string;
  what: "entered" | "left";
  yard: string;
  at: string;
  counts_at: string;
  reason: string;
  said_by: string;
  said_at: string;
  seconded_by: string | null;
  undone_by: string | null;
  undone_at: string | null;
  is_false: boolean;
}

export interface HandWish {
  what: "entered" | "left";
  yard?: string;
  at?: string;
  reason: string;
}

export interface WalkInWish {
  plate: string;
  yard: string;
  gates: string[];
  direction: Direction;
  cargo: Cargo;
  language: Language;
  phone?: string;
  haulier?: string;
}

/** Which place a walk-in would have at its gate: behind its `ahead` seniors. */
export interface WalkInPlace {
  plate: string;
  yard: string;
  gate: string | null;
  place: number;
  ahead: number;
}

export interface TextWish {
  text: string;
  to: "trip" | "held" | "yard" | "gate";
  trip_id?: number;
  place?: string;
}

/** What a text would be; `refused` says why it cannot be sent. */
export interface Weighed {
  alphabet: "gsm7" | "ucs2";
  letters: number;
  parts: number;
  to: number;
  unheard: number;
  languages: Partial<Record<Language, number>>;
  left: number;
  refused: Refusal | null;
}

export interface DeskText {
  id: number;
  text: string;
  messages: number;
  written_by: string;
  written_at: string;
  sent: number;
}

export const HAND_REASONS = ["no_tracker", "tracker_silent", "tracker_faulty", "unseen"] as const;
export const FAULT_REASONS = [
  "wrong_place",
  "jumps",
  "wrong_clock",
  "other_truck",
  "tampered",
  "silent",
] as const;
/** How long a word may be taken back as a slip; the server has the last word. */
export const UNDO_MS = 600_000;
