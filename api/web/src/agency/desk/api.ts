/** What the yard's desks ask of the server: appeals, and trucks on the other side. */

import { request } from "../../request";
import type { Direction } from "../../types";

export interface Appeal {
  id: number;
  haulier: string;
  about: string;
  trip: number | null;
  plate: string | null;
  words: string;
  made_at: string;
  state: "open" | "granted" | "refused";
  decided_by: string | null;
  decided_at: string | null;
  answer: string | null;
}

export type CrossingState = "away" | "overdue" | "all";

export interface Crossing {
  id: number;
  trip: number | null;
  plate: string;
  gate: string;
  direction: Direction;
  load: "laden" | "empty" | null;
  at: string;
  haulier: string | null;
  due_at: string | null;
  returned_at: string | null;
  state: "away" | "overdue" | "back" | "over";
}

export interface CrossingPage {
  at: string;
  rows: Crossing[];
  next: string | null;
  /** Of all trucks on the other side. */
  counts: { gate: string; away: number; overdue: number }[];
}

/** A truck of a transshipment that is in a yard, and whose other truck is not. */
export interface HalfPair {
  trip_id: number;
  plate: string;
  gate: string;
  direction: Direction;
  haulier: string | null;
  arrived_at: string;
  pair_plate: string;
  pair_trip_id: number | null;
  missing: "undeclared" | "not_arrived";
}

/** However short they have waited. */
export const listHalfPairs = (): Promise<HalfPair[]> => request("GET", "/v1/pairs?waits_min=0");

export const listAppeals = (state: string): Promise<Appeal[]> =>
  request("GET", `/v1/appeals?state=${state}`);
export const decideAppeal = (id: number, granted: boolean, answer: string): Promise<Appeal> =>
  request("POST", `/v1/appeals/${id}/decide`, { granted, answer });

export function listCrossings(
  state: CrossingState,
  gate: string | null,
  after: string | null,
): Promise<CrossingPage> {
  const asked = new URLSearchParams({ state });
  if (gate !== null) asked.set("gate", gate);
  if (after !== null) asked.set("after", after);
  return request("GET", `/v1/crossings?${asked}`);
}
