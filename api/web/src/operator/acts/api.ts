/** What the forms of acts ask of the server. */

import { once, request } from "../../request";
import type { Trip } from "../../types";
import type {
  ActRecord,
  DeskText,
  Effect,
  HandWish,
  HandWord,
  Reasons,
  TextWish,
  WalkInPlace,
  WalkInWish,
  Weighed,
  Wish,
} from "./acts";

export const listReasons = (): Promise<Reasons> => request("GET", "/v1/acts/reasons");
export const listActs = (
  state: "waiting" | "standing" | "done",
  limit = 100,
): Promise<ActRecord[]> => request("GET", `/v1/acts?state=${state}&limit=${limit}`);
export const previewAct = (wish: Wish): Promise<Effect> =>
  request("POST", "/v1/acts/preview", wish);
export const enterAct = (wish: Wish, key: string): Promise<ActRecord> =>
  request("POST", "/v1/acts", wish, once(key));
export const approveAct = (id: number): Promise<ActRecord> =>
  request("POST", `/v1/acts/${id}/approve`);
export const refuseAct = (id: number): Promise<ActRecord> =>
  request("POST", `/v1/acts/${id}/refuse`, { note: "" });
export const endAct = (id: number): Promise<ActRecord> =>
  request("POST", `/v1/acts/${id}/end`, { note: "" });

export const findTrips = (plate: string): Promise<Trip[]> =>
  request("GET", `/v1/trips?state=active&limit=8&plate=${encodeURIComponent(plate)}`);
export const showWalkIn = (wish: WalkInWish): Promise<WalkInPlace> =>
  request("POST", "/v1/walk-ins/preview", wish);
export const registerWalkIn = (wish: WalkInWish, key: string): Promise<Trip> =>
  request("POST", "/v1/walk-ins", wish, once(key));
export const sayByHand = (trip: number, wish: HandWish, key: string): Promise<HandWord> =>
  request("POST", `/v1/trips/${trip}/hand`, wish, once(key));
export const listWords = (trip: number): Promise<HandWord[]> =>
  request("GET", `/v1/trips/${trip}/hand`);
export const listLatestWords = (limit: number): Promise<HandWord[]> =>
  request("GET", `/v1/hand-words?limit=${limit}`);
export const undoWord = (id: number): Promise<HandWord> =>
  request("POST", `/v1/hand-words/${id}/undo`);
export const secondWord = (id: number): Promise<HandWord> =>
  request("POST", `/v1/hand-words/${id}/second`);

const device = (uid: string): string => `/v1/devices/${encodeURIComponent(uid)}/fault`;
export const markFaulty = (uid: string, reason: string): Promise<unknown> =>
  request("POST", device(uid), { reason });
export const endFault = (uid: string): Promise<unknown> => request("POST", `${device(uid)}/end`);

export const weighText = (wish: TextWish): Promise<Weighed> =>
  request("POST", "/v1/texts/preview", wish);
export const writeText = (wish: TextWish, key: string): Promise<DeskText> =>
  request("POST", "/v1/texts", wish, once(key));
export const listTexts = (): Promise<DeskText[]> => request("GET", "/v1/texts?limit=10");
