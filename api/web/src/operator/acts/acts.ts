/** Acts of operators, as the server tells of them. Instants are ISO 8601 text. */

import type { Asked, Described } from "../../call";
import type { Refusal } from "../../parts/problem";
import type { Cargo, Language } from "../../types";

/** What an act is asked for with, by kind; of a closure the effect only. */
export type Wish = Asked<"POST", "/v1/acts">["body"];
export type EffectWish = Asked<"POST", "/v1/acts/preview">["body"];
export type ActKind = Wish["kind"];
export type PreviewKind = EffectWish["kind"];
/** What a kind of act is asked for with, beside its reason and note. */
export type FieldsOf<K extends ActKind> = Omit<
  Extract<Wish, { kind: K }>,
  "kind" | "reason" | "note"
>;
export type ActState = "waiting" | "standing" | "done" | "ended" | "refused" | "lapsed";

/** A driver's last word, with the slot that counts by it. */
export interface InHand extends Described<"ShownInHand"> {
  word: "nothing" | "planned" | "slot" | "called" | "held" | "stay" | "no_slot";
}

/** What a driver has in hand now and with the act; `otherwise` where even without it that changes. */
export interface Move extends Described<"ShownMove"> {
  from: InHand;
  otherwise: InHand | null;
  to: InHand;
  /** How much later the act puts the slot. */
  shift_s: number | null;
  /** When the hold ends by which he stays; null where nobody knows. */
  held_until: string | null;
}

/** What an act would change; `refused` says why it cannot be, `warning` what to look at twice. */
export interface Effect extends Described<"ShownEffect"> {
  refused: Refusal | null;
  warning: Refusal | null;
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
  trips: Move[];
}

export interface ActRecord extends Omit<Described<"ShownAct">, "effect"> {
  kind: ActKind;
  state: ActState;
  /** As it was shown when the act was entered. */
  effect: Pick<Effect, "moved" | "overtaken"> | null;
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
}

export type Reasons = Partial<Record<PreviewKind, string[]>>;

/** That a truck came into a yard or left it, by an operator's word. */
export type HandWord = Described<"HandWord">;
export type HandWish = Described<"HandSaid">;
export type HandReason = HandWish["reason"];
export type FaultReason = Described<"NewFault">["reason"];
export type WalkInWish = Described<"WalkIn">;
/** Which place a walk-in would have at its gate: behind its `ahead` seniors. */
export type WalkInPlace = Described<"WalkInPlace">;
export type TextWish = Described<"TextTo">;

/** What a text would be; `refused` says why it cannot be sent. */
export interface Weighed extends Omit<Described<"Weighed">, "refused"> {
  languages: Partial<Record<Language, number>>;
  refused: Refusal | null;
}

export type DeskText = Described<"DeskText">;

export const HAND_REASONS: readonly HandReason[] = [
  "no_tracker",
  "tracker_silent",
  "tracker_faulty",
  "unseen",
];
export const FAULT_REASONS: readonly FaultReason[] = [
  "wrong_place",
  "jumps",
  "wrong_clock",
  "other_truck",
  "tampered",
  "silent",
];
/** How long a word may be taken back as a slip; the server has the last word. */
export const UNDO_MS = 600_000;
