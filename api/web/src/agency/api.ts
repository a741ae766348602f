/** What the agencies' page asks of the server about stages. */

import { call } from "../call";
import type { Direction } from "../types";
import type { Belongs, Bulk, Item, StageState, TripStages, Word, Work } from "./types";

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

/** What the lists to choose from hold. */
type Chosen = Wish & { direction: Direction | null; state: StageState | null };

export const PAGE = 100;

export const listWork = (wish: Wish): Promise<Work> =>
  call("GET", "/v1/work", { query: { limit: PAGE, ...(wish as Chosen) } });

export const getStages = (trip_id: number): Promise<TripStages> =>
  call("GET", "/v1/trips/{trip_id}/stages", { path: { trip_id } });

export const say = (
  trip_id: number,
  stage: string,
  body: Word,
  key: string,
): Promise<TripStages> =>
  call("POST", "/v1/trips/{trip_id}/stages/{stage}", { path: { trip_id, stage }, body, key });

export const sayOfMany = (
  desk: Belongs,
  items: Item[],
  word: Word,
  key: string,
): Promise<Bulk> => call("POST", "/v1/work/bulk", { body: { desk, items, ...word }, key });
