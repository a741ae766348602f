/** A trip's declaration, its documents, dues and conflicts, as the server says them. */

import { address, call, type Described } from "../../call";
import type { Cargo, Direction, Names } from "../../types";

/** Its name is null once it is erased; `opens`: it can be had. */
export interface Document extends Described<"Document"> {
  state: "unscanned" | "clean" | "infected" | "unscannable" | "erased";
}

/** Where a partner says another thing than the declaration. */
export type Conflict = Described<"flowctl__storage__conflicts__Conflict">;

/** By field, `origins` say what it was taken over from, `settled` which stage settled it. */
export interface Declaration extends Described<"WholeDeclaration"> {
  direction: Direction;
  cargo: Cargo;
  load: "laden" | "empty";
  documents: Document[];
}

/** What is a driver's own: asked for by itself, for who has read it is written down. */
export type Personal = Pick<Declaration, "driver_name" | "licence" | "licence_until" | "phone">;

export interface Line extends Described<"ShownLine"> {
  name: Names;
  why: { kind: "flat" | "facts" | "days"; values: Record<string, string | number> };
}

/** Of a refund, `of_payment` is what it gives back, `reason` why. */
export type Payment = Described<"ShownPayment">;

/**
 * `withheld` is what is not taken before a stage has settled what it depends on; `settled`: nothing
 * is due, and nothing is withheld.
 */
export interface Dues extends Described<"DuesAnswer"> {
  lines: Line[];
  withheld: (Described<"ShownWithheld"> & { name: Names })[];
}

/** By which gate a trip's truck went, and by which it came back. */
export type Crossings = Described<"TripCrossings">;
export type Paying = Pick<Described<"Paying">, "method" | "reference" | "amount_vnd">;

const of = (trip_id: number): { path: { trip_id: number } } => ({ path: { trip_id } });
/** Without what is the driver's own. */
export const getDeclaration = (trip: number): Promise<Declaration> =>
  call("GET", "/v1/trips/{trip_id}/declaration", { ...of(trip), query: { driver: false } });
export const getPersonal = (trip: number): Promise<Personal> =>
  call("GET", "/v1/trips/{trip_id}/declaration", of(trip));
export const listConflicts = (): Promise<Conflict[]> =>
  call("GET", "/v1/conflicts", { query: { state: "open" } });
export const decideConflict = (conflict_id: number, take: boolean): Promise<Conflict> =>
  call("POST", "/v1/conflicts/{conflict_id}/decide", { path: { conflict_id }, body: { take } });
export const getDues = (trip: number): Promise<Dues> =>
  call("GET", "/v1/trips/{trip_id}/dues", of(trip));
export const getCrossings = (trip: number): Promise<Crossings> =>
  call("GET", "/v1/trips/{trip_id}/crossings", of(trip));
export const pay = (trip: number, body: Paying, key: string): Promise<Dues> =>
  call("POST", "/v1/trips/{trip_id}/payments", { ...of(trip), body, key });
export const refund = (payment_id: number, reason: string, key: string): Promise<Payment> =>
  call("POST", "/v1/payments/{payment_id}/refund", { path: { payment_id }, body: { reason }, key });

export const receiptOf = (payment_id: number, language: string): string =>
  address("/v1/payments/{payment_id}/receipt.{form}", {
    path: { payment_id, form: "html" },
    query: { language },
  });
export const fileOf = (document_id: string): string =>
  address("/v1/documents/{document_id}", { path: { document_id } });
