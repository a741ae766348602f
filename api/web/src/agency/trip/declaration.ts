/** A trip's declaration, its documents, dues and conflicts, as the server says them. */

import { once, request } from "../../request";
import type { Cargo, Direction, Names } from "../../types";

export interface Document {
  id: string;
  kind: string;
  /** Null once it is erased. */
  name: string | null;
  size_bytes: number;
  state: "unscanned" | "clean" | "infected" | "unscannable" | "erased";
  added_at: string;
  /** It can be had. */
  opens: boolean;
}

/** Where a partner says another thing than the declaration, and nobody has decided yet. */
export interface Conflict {
  id: number;
  field: string;
  ours: unknown;
  theirs: unknown;
  source: string;
  at: string;
  /** In a list of several trucks. */
  trip?: number;
  plate?: string;
}

export interface Declaration {
  trip: number;
  plate: string;
  trailer: string | null;
  nationality: string;
  direction: Direction;
  gates: string[];
  cargo: Cargo;
  load: "laden" | "empty";
  goods: string | null;
  goods_class: string | null;
  goods_code: string | null;
  weight_class: string | null;
  weight_t: number | null;
  value_vnd: number | null;
  keeps_h: number | null;
  temperature_c: number | null;
  declaration: string | null;
  handover: string | null;
  pair_plate: string | null;
  customer: string | null;
  ready_at: string;
  licence_until: string | null;
  marks: string[];
  /** By field: what it was taken over from, where nobody typed it. */
  origins: Record<string, string>;
  /** By field: the stage that settled it. */
  settled: Record<string, string>;
  /** The other trip of a transshipment. */
  twin: { trip_id: number; plate: string } | null;
  documents: Document[];
  conflicts: Conflict[];
}

/** What is a driver's own: asked for by itself, for who has read it is written down. */
export interface Personal {
  driver_name: string | null;
  licence: string | null;
  licence_until: string | null;
  phone: string | null;
}

export interface Line {
  service: string;
  name: Names;
  amount_vnd: number;
  why: { kind: "flat" | "facts" | "days"; values: Record<string, string | number> };
}

export interface Payment {
  id: number;
  amount_vnd: number;
  method: string;
  reference: string;
  receipt: string;
  paid_at: string;
  by: string | null;
  /** Of a refund: what it gives back, and why. */
  of_payment: number | null;
  reason: string | null;
  refunded: boolean;
}

export interface Dues {
  lines: Line[];
  /** What is not taken before a stage has settled what it depends on. */
  withheld: {
    service: string;
    name: Names;
    until_stage: string | null;
    until_fact: string | null;
  }[];
  total_vnd: number;
  paid_vnd: number;
  due_vnd: number;
  /** Nothing is due, and nothing is withheld. */
  settled: boolean;
  payments: Payment[];
}

/** By which gate a trip's truck went, and by which it came back. */
export interface Crossings {
  crossing: { gate: string; at: string; due_at: string | null } | null;
  way_back: { gate: string; at: string } | null;
}

export interface Paying {
  method: string;
  reference: string | null;
  amount_vnd: number;
}

const of = (trip: number): string => `/v1/trips/${trip}`;
/** Without what is the driver's own. */
export const getDeclaration = (trip: number): Promise<Declaration> =>
  request("GET", `${of(trip)}/declaration?driver=false`);
export const getPersonal = (trip: number): Promise<Personal> =>
  request("GET", `${of(trip)}/declaration`);
export const listConflicts = (): Promise<Conflict[]> =>
  request("GET", "/v1/conflicts?state=open");
export const decideConflict = (id: number, take: boolean): Promise<unknown> =>
  request("POST", `/v1/conflicts/${id}/decide`, { take });
export const getDues = (trip: number): Promise<Dues> => request("GET", `${of(trip)}/dues`);
export const getCrossings = (trip: number): Promise<Crossings> =>
  request("GET", `${of(trip)}/crossings`);
export const pay = (trip: number, paying: Paying, key: string): Promise<Dues> =>
  request("POST", `${of(trip)}/payments`, paying, once(key));
export const refund = (payment: number, reason: string, key: string): Promise<unknown> =>
  request("POST", `/v1/payments/${payment}/refund`, { reason }, once(key));
