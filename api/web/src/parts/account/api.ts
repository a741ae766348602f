/** What people ask of the server about their own account. */

import { call, type Described } from "../../call";
import type { Session } from "../../types";

export type OpenSession = Described<"OpenSession">;
export type Enrolment = Described<"Enrolment">;

export const signIn = (account: string, password: string, code?: string): Promise<Session> =>
  call("POST", "/v1/sessions", { body: { account, password, ...(code ? { code } : {}) } });
export const getElsewhere = (): Promise<Described<"Elsewhere">> =>
  call("GET", "/v1/sessions/elsewhere");
export const listSessions = (): Promise<OpenSession[]> => call("GET", "/v1/sessions");
export const endSession = (id: string): Promise<void> =>
  call("DELETE", "/v1/sessions/{session_id}", { path: { session_id: id } });
export const endOthers = (): Promise<Described<"Ended">> => call("DELETE", "/v1/sessions");
export const changePassword = (old: string, next: string): Promise<void> =>
  call("POST", "/v1/accounts/current/password", { body: { old, new: next } });
export const getAuthenticator = (): Promise<Described<"Authenticator">> =>
  call("GET", "/v1/accounts/current/totp");
export const beginAuthenticator = (password: string): Promise<Enrolment> =>
  call("POST", "/v1/accounts/current/totp", { body: { password } });
export const confirmAuthenticator = (code: string): Promise<Described<"RecoveryCodes">> =>
  call("POST", "/v1/accounts/current/totp/confirm", { body: { code } });
export const endAuthenticator = (password: string): Promise<void> =>
  call("POST", "/v1/accounts/current/totp/end", { body: { password } });
export const renewCodes = (password: string): Promise<Described<"RecoveryCodes">> =>
  call("POST", "/v1/accounts/current/recovery-codes", { body: { password } });
