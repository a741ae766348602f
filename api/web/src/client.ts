/** What the pages ask of the server, path by path; the driver's page has its own (driver/api.ts). */

import type { FoundTrip, Past, Track } from "./operator/past";
import type { MessageRecord, MessageState, MessageSummary } from "./operator/messages";
import type { Affected, Cause, Closure, ClosureWish, Held, Overtakes, Penalty, Plan, Why } from "./order";
import type {
  Alert,
  AlertDetail,
  Judgement,
  Language,
  Session,
  Site,
  Spacetime,
  Traffic,
  Trip,
  Way,
} from "./types";
import { learn } from "./parts/place";
import { once, request } from "./request";

export const signOut = (): Promise<void> => request("DELETE", "/v1/sessions/current");
export const getSession = (): Promise<Session> => request("GET", "/v1/sessions/current");
export const getSite = (): Promise<Site> => request<Site>("GET", "/v1/site").then(learn);
export const listCorridors = (): Promise<Way[]> => request("GET", "/v1/corridors");
export const getSpacetime = (way: string, since?: Date, until?: Date): Promise<Spacetime> => {
  const asked = new URLSearchParams();
  if (since) asked.set("since", since.toISOString());
  if (until) asked.set("until", until.toISOString());
  return request("GET", `/v1/corridors/${encodeURIComponent(way)}/spacetime?${asked}`);
};
export const getTraffic = (): Promise<Traffic> => request("GET", "/v1/traffic");
export const getTrip = (id: number): Promise<Trip> => request("GET", `/v1/trips/${id}`);
/** Those somebody has still to do with, or the newest whatever became of them. */
export const listAlerts = (unsettled: boolean): Promise<Alert[]> =>
  request("GET", `/v1/alerts?unsettled=${unsettled}&limit=500`);
export const listCarers = (): Promise<string[]> => request("GET", "/v1/alerts/carers");
export const giveCare = (
  id: number,
  to: string | null,
  insteadOf: string | null,
): Promise<AlertDetail> =>
  request("POST", `/v1/alerts/${id}/care`, { to, instead_of: insteadOf });
export const snoozeAlert = (id: number, until: string | null, note: string): Promise<AlertDetail> =>
  request("POST", `/v1/alerts/${id}/snooze`, { until, note });
export const search = (typed: string): Promise<FoundTrip[]> =>
  request("GET", `/v1/search?q=${encodeURIComponent(typed)}`);
export const getPast = (id: number): Promise<Past> => request("GET", `/v1/trips/${id}/past`);
export const getTrack = (id: number): Promise<Track> => request("GET", `/v1/trips/${id}/track`);
export const getAlert = (id: number): Promise<AlertDetail> => request("GET", `/v1/alerts/${id}`);
export const judgeAlert = (id: number, state: Judgement, note: string): Promise<AlertDetail> =>
  request("POST", `/v1/alerts/${id}`, { state, note });
export const getWhy = (id: number, language: Language): Promise<Why> =>
  request("GET", `/v1/trips/${id}/why?language=${language}`);
export const setStandby = (id: number, on: boolean): Promise<Trip> =>
  request("POST", `/v1/trips/${id}/standby`, { on });
export const acceptDevice = (id: number, reason: Cause): Promise<Trip> =>
  request("POST", `/v1/trips/${id}/device/accept`, { reason });
export const listPenalties = (id: number): Promise<Penalty[]> =>
  request("GET", `/v1/trips/${id}/penalties`);
export const liftPenalty = (id: number, penalty: number): Promise<Penalty> =>
  request("POST", `/v1/trips/${id}/penalties/${penalty}/lift`);
/** Those that last or lie ahead, and with `since` those that ended after it. */
export const listClosures = (since?: Date): Promise<Closure[]> =>
  request("GET", since ? `/v1/closures?since=${since.toISOString()}` : "/v1/closures");
export const listHeld = (): Promise<Held[]> => request("GET", "/v1/held");
export const countAffected = (gate: string, wish: ClosureWish): Promise<Affected> => {
  const asked = new URLSearchParams();
  if (wish.starts_at) asked.set("starts_at", wish.starts_at);
  if (wish.ends_at) asked.set("ends_at", wish.ends_at);
  return request("GET", `/v1/gates/${encodeURIComponent(gate)}/closures/affected?${asked}`);
};
export const closeGate = (gate: string, wish: ClosureWish, key: string): Promise<Closure> =>
  request("POST", `/v1/gates/${encodeURIComponent(gate)}/closures`, wish, once(key));
export const giveEnd = (id: number, endsAt: string): Promise<Closure> =>
  request("PATCH", `/v1/closures/${id}`, { ends_at: endsAt });
export const endClosure = (id: number): Promise<Closure> =>
  request("POST", `/v1/closures/${id}/end`);
export const takeBack = (id: number): Promise<void> => request("DELETE", `/v1/closures/${id}`);
export const getMessageSummary = (): Promise<MessageSummary> =>
  request("GET", "/v1/messages/summary");
export const listMessages = (state: MessageState): Promise<MessageRecord[]> =>
  request("GET", `/v1/messages?state=${state}`);
export const retryMessage = (id: number): Promise<MessageRecord> =>
  request("POST", `/v1/messages/${id}/retry`);
export const getPlan = (): Promise<Plan> => request("GET", "/v1/plans/latest");
export const getOvertakes = (): Promise<Overtakes> => request("GET", "/v1/ledger/overtakes");
