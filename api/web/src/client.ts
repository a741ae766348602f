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
import { call } from "./call";
import { learn } from "./parts/place";

/** By their numbers. */
const trip = (id: number): { path: { trip_id: number } } => ({ path: { trip_id: id } });
const alert = (id: number): { path: { alert_id: number } } => ({ path: { alert_id: id } });
const closure = (id: number): { path: { closure_id: number } } => ({ path: { closure_id: id } });

export const signOut = (): Promise<void> => call("DELETE", "/v1/sessions/current");
export const getSession = (): Promise<Session> => call("GET", "/v1/sessions/current");
export const getSite = async (): Promise<Site> => learn(await call("GET", "/v1/site"));
export const listCorridors = (): Promise<Way[]> => call("GET", "/v1/corridors");
export const getSpacetime = (way: string, since?: Date, until?: Date): Promise<Spacetime> =>
  call("GET", "/v1/corridors/{way}/spacetime", {
    path: { way },
    query: { since: since?.toISOString() ?? null, until: until?.toISOString() ?? null },
  });
export const getTraffic = (): Promise<Traffic> => call("GET", "/v1/traffic");
export const getTrip = (id: number): Promise<Trip> => call("GET", "/v1/trips/{trip_id}", trip(id));
/** Those somebody has still to do with, or the newest whatever became of them. */
export const listAlerts = (unsettled: boolean): Promise<Alert[]> =>
  call("GET", "/v1/alerts", { query: { unsettled, limit: 500 } });
export const listCarers = (): Promise<string[]> => call("GET", "/v1/alerts/carers");
export const giveCare = (
  id: number,
  to: string | null,
  insteadOf: string | null,
): Promise<AlertDetail> =>
  call("POST", "/v1/alerts/{alert_id}/care", { ...alert(id), body: { to, instead_of: insteadOf } });
export const snoozeAlert = (id: number, until: string | null, note: string): Promise<AlertDetail> =>
  call("POST", "/v1/alerts/{alert_id}/snooze", { ...alert(id), body: { until, note } });
export const search = (typed: string): Promise<FoundTrip[]> =>
  call("GET", "/v1/search", { query: { q: typed } });
export const getPast = (id: number): Promise<Past> =>
  call("GET", "/v1/trips/{trip_id}/past", trip(id));
export const getTrack = (id: number): Promise<Track> =>
  call("GET", "/v1/trips/{trip_id}/track", trip(id));
export const getAlert = (id: number): Promise<AlertDetail> =>
  call("GET", "/v1/alerts/{alert_id}", alert(id));
export const judgeAlert = (id: number, state: Judgement, note: string): Promise<AlertDetail> =>
  call("POST", "/v1/alerts/{alert_id}", { ...alert(id), body: { state, note } });
export const getWhy = (id: number, language: Language): Promise<Why> =>
  call("GET", "/v1/trips/{trip_id}/why", { ...trip(id), query: { language } });
export const setStandby = (id: number, on: boolean): Promise<Trip> =>
  call("POST", "/v1/trips/{trip_id}/standby", { ...trip(id), body: { on } });
export const acceptDevice = (id: number, reason: Cause): Promise<Trip> =>
  call("POST", "/v1/trips/{trip_id}/device/accept", { ...trip(id), body: { reason } });
export const listPenalties = (id: number): Promise<Penalty[]> =>
  call("GET", "/v1/trips/{trip_id}/penalties", trip(id));
export const liftPenalty = (id: number, penalty: number): Promise<Penalty> =>
  call("POST", "/v1/trips/{trip_id}/penalties/{penalty_id}/lift", {
    path: { trip_id: id, penalty_id: penalty },
  });
/** Those that last or lie ahead, and with `since` those that ended after it. */
export const listClosures = (since?: Date): Promise<Closure[]> =>
  call("GET", "/v1/closures", { query: { since: since?.toISOString() ?? null } });
export const listHeld = (): Promise<Held[]> => call("GET", "/v1/held");
export const countAffected = (
  gate: string,
  { starts_at, ends_at }: ClosureWish,
): Promise<Affected> =>
  call("GET", "/v1/gates/{gate}/closures/affected", {
    path: { gate },
    query: { starts_at: starts_at ?? null, ends_at: ends_at ?? null },
  });
export const closeGate = (gate: string, body: ClosureWish, key: string): Promise<Closure> =>
  call("POST", "/v1/gates/{gate}/closures", { path: { gate }, body, key });
export const giveEnd = (id: number, endsAt: string): Promise<Closure> =>
  call("PATCH", "/v1/closures/{closure_id}", { ...closure(id), body: { ends_at: endsAt } });
export const endClosure = (id: number): Promise<Closure> =>
  call("POST", "/v1/closures/{closure_id}/end", closure(id));
export const takeBack = (id: number): Promise<void> =>
  call("DELETE", "/v1/closures/{closure_id}", closure(id));
export const getMessageSummary = (): Promise<MessageSummary> => call("GET", "/v1/messages/summary");
export const listMessages = (state: MessageState): Promise<MessageRecord[]> =>
  call("GET", "/v1/messages", { query: { state } });
export const retryMessage = (id: number): Promise<MessageRecord> =>
  call("POST", "/v1/messages/{message_id}/retry", { path: { message_id: id } });
export const getPlan = (): Promise<Plan> => call("GET", "/v1/plans/latest");
export const getOvertakes = (): Promise<Overtakes> => call("GET", "/v1/ledger/overtakes");
