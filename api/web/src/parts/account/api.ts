/** What people ask of the server about their own account. */

import { request } from "../../request";
import type { Session } from "../../types";

export interface OpenSession {
  id: string;
  current: boolean;
  made_at: string;
  seen_at: string;
  ends_at: string;
  address: string | null;
  browser: string | null;
  by_other: boolean;
}

export interface Enrolment {
  svg: string;
  address: string;
}

const OWN = "/v1/accounts/current";

export const signIn = (account: string, password: string, code?: string): Promise<Session> =>
  request("POST", "/v1/sessions", { account, password, ...(code ? { code } : {}) });
export const getElsewhere = (): Promise<{ name: string | null }> =>
  request("GET", "/v1/sessions/elsewhere");
export const listSessions = (): Promise<OpenSession[]> => request("GET", "/v1/sessions");
export const endSession = (id: string): Promise<void> => request("DELETE", `/v1/sessions/${id}`);
export const endOthers = (): Promise<{ ended: number }> => request("DELETE", "/v1/sessions");
export const changePassword = (old: string, next: string): Promise<void> =>
  request("POST", `${OWN}/password`, { old, new: next });
export const getAuthenticator = (): Promise<{ on: boolean; recovery_codes_left: number }> =>
  request("GET", `${OWN}/totp`);
export const beginAuthenticator = (password: string): Promise<Enrolment> =>
  request("POST", `${OWN}/totp`, { password });
export const confirmAuthenticator = (code: string): Promise<{ recovery_codes: string[] }> =>
  request("POST", `${OWN}/totp/confirm`, { code });
export const endAuthenticator = (password: string): Promise<void> =>
  request("POST", `${OWN}/totp/end`, { password });
export const renewCodes = (password: string): Promise<{ recovery_codes: string[] }> =>
  request("POST", `${OWN}/recovery-codes`, { password });
