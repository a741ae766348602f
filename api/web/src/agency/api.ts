/** What the agencies' page asks of the server about stages. */

import { once, request } from "../request";
import type { Belongs, Bulk, Item, TripStages, Word, Work } from "./types";

/** What of a work list is wished for; what is null or empty narrows nothing. */
export interface Wish {
  desk: Belongs;
  stage: string | null;
  gate: string | null;
  direction: string | null;
  state: string | null;
  q: string;
  after: string | null;
}

export const PAGE = 100;

export function listWork(wish: Wish): Promise<Work> {
  const asked = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(wish)) {
    if (value !== null && value !== "") asked.set(name, String(value));
  }
  return request("GET", `/v1/work?${asked}`);
}

export const getStages = (trip: number): Promise<TripStages> =>
  request("GET", `/v1/trips/${trip}/stages`);

export const say = (trip: number, stage: string, word: Word, key: string): Promise<TripStages> =>
  request("POST", `/v1/trips/${trip}/stages/${encodeURIComponent(stage)}`, word, once(key));

export const sayOfMany = (
  desk: Belongs,
  items: readonly Item[],
  word: Word,
  key: string,
): Promise<Bulk> => request("POST", "/v1/work/bulk", { desk, items, ...word }, once(key));
