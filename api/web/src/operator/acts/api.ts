/** What the forms of acts ask of the server. */

import { call } from "../../call";
import type { Trip } from "../../types";
import type {
  ActRecord,
  DeskText,
  Effect,
  EffectWish,
  FaultReason,
  HandWish,
  HandWord,
  Reasons,
  TextWish,
  WalkInPlace,
  WalkInWish,
  Weighed,
  Wish,
} from "./acts";

const act = (id: number): { path: { act_id: number } } => ({ path: { act_id: id } });
const word = (id: number): { path: { word_id: number } } => ({ path: { word_id: id } });

export const listReasons = (): Promise<Reasons> => call("GET", "/v1/acts/reasons");
export const listActs = (
  state: "waiting" | "standing" | "done",
  limit = 100,
): Promise<ActRecord[]> => call("GET", "/v1/acts", { query: { state, limit } });
export const previewAct = (body: EffectWish): Promise<Effect> =>
  call("POST", "/v1/acts/preview", { body });
export const enterAct = (body: Wish, key: string): Promise<ActRecord> =>
  call("POST", "/v1/acts", { body, key });
export const approveAct = (id: number): Promise<ActRecord> =>
  call("POST", "/v1/acts/{act_id}/approve", act(id));
export const refuseAct = (id: number): Promise<ActRecord> =>
  call("POST", "/v1/acts/{act_id}/refuse", { ...act(id), body: { note: "" } });
export const endAct = (id: number): Promise<ActRecord> =>
  call("POST", "/v1/acts/{act_id}/end", { ...act(id), body: { note: "" } });

export const findTrips = (plate: string): Promise<Trip[]> =>
  call("GET", "/v1/trips", { query: { state: "active", limit: 8, plate } });
export const showWalkIn = (body: WalkInWish): Promise<WalkInPlace> =>
  call("POST", "/v1/walk-ins/preview", { body });
export const registerWalkIn = (body: WalkInWish, key: string): Promise<Trip> =>
  call("POST", "/v1/walk-ins", { body, key });
export const sayByHand = (trip: number, body: HandWish, key: string): Promise<HandWord> =>
  call("POST", "/v1/trips/{trip_id}/hand", { path: { trip_id: trip }, body, key });
export const listWords = (trip: number): Promise<HandWord[]> =>
  call("GET", "/v1/trips/{trip_id}/hand", { path: { trip_id: trip } });
export const listLatestWords = (limit: number): Promise<HandWord[]> =>
  call("GET", "/v1/hand-words", { query: { limit } });
export const undoWord = (id: number): Promise<HandWord> =>
  call("POST", "/v1/hand-words/{word_id}/undo", word(id));
export const secondWord = (id: number): Promise<HandWord> =>
  call("POST", "/v1/hand-words/{word_id}/second", word(id));

export const markFaulty = (uid: string, reason: FaultReason): Promise<unknown> =>
  call("POST", "/v1/devices/{uid}/fault", { path: { uid }, body: { reason } });
export const endFault = (uid: string): Promise<unknown> =>
  call("POST", "/v1/devices/{uid}/fault/end", { path: { uid } });

export const weighText = (body: TextWish): Promise<Weighed> =>
  call("POST", "/v1/texts/preview", { body });
export const writeText = (body: TextWish, key: string): Promise<DeskText> =>
  call("POST", "/v1/texts", { body, key });
export const listTexts = (): Promise<DeskText[]> =>
  call("GET", "/v1/texts", { query: { limit: 10 } });
