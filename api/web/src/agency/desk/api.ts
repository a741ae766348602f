/** What the yard's desks ask of the server: appeals, and trucks on the other side. */

import { address, call, type Described } from "../../call";
import type { Direction } from "../../types";

export type AppealState = "open" | "granted" | "refused";
export interface Appeal extends Described<"Appeal"> {
  state: AppealState;
}

export type CrossingState = "away" | "overdue" | "all";

export interface Crossing extends Described<"ShownCrossing"> {
  direction: Direction;
  load: "laden" | "empty" | null;
}

/** `counts` are of all trucks on the other side. */
export interface CrossingPage extends Described<"CrossingsAnswer"> {
  rows: Crossing[];
}

/** A truck of a transshipment that is in a yard, and whose other truck is not. */
export interface HalfPair extends Described<"HalfPair"> {
  direction: Direction;
  missing: "undeclared" | "not_arrived";
}

/** However short they have waited. */
export const listHalfPairs = (): Promise<HalfPair[]> =>
  call("GET", "/v1/pairs", { query: { waits_min: 0 } });

export const listAppeals = (state: AppealState): Promise<Appeal[]> =>
  call("GET", "/v1/appeals", { query: { state } });
export const decideAppeal = (
  appeal_id: number,
  granted: boolean,
  answer: string,
): Promise<Appeal> =>
  call("POST", "/v1/appeals/{appeal_id}/decide", { path: { appeal_id }, body: { granted, answer } });

export const listCrossings = (
  state: CrossingState,
  gate: string | null,
  after: number | null,
): Promise<CrossingPage> => call("GET", "/v1/crossings", { query: { state, gate, after } });
export const CROSSINGS_FILE = address("/v1/crossings.csv", {});
