/** What administrators ask of the server about people, machines and what was done. */

import { once, request } from "../request";
import type { Role } from "../types";

export const ROLES: readonly Role[] = [
  "operator",
  "officer",
  "planner",
  "haulier",
  "administrator",
];
export const AGENCIES = [
  "customs",
  "border_guard",
  "plant_quarantine",
  "health_quarantine",
  "tax",
] as const;
export const SCOPES = [
  "positions",
  "witness",
  "site",
  "trips:read",
  "trips:write",
  "metrics",
  "declarations:read",
  "stages:read",
  "stages:write",
  "facts:write",
  "crossings:read",
  "crossings:write",
  "hooks",
] as const;
/** For whom a machine may decide stages. */
export const DESKS = [...AGENCIES, "yard"] as const;
export type Agency = (typeof AGENCIES)[number];
export type Desk = (typeof DESKS)[number];
export type Scope = (typeof SCOPES)[number];

export interface Account {
  name: string;
  role: Role;
  person: string | null;
  post: string | null;
  agency: Agency | null;
  email: string | null;
  authenticator: boolean;
  disabled_at: string | null;
  made_at: string;
  last_at: string | null;
  last_address: string | null;
  sessions: number;
}

export interface Person {
  role: Role;
  person: string;
  post: string;
  agency?: Agency;
  email?: string;
}

export interface Key {
  id: string;
  scopes: Scope[];
  narrowed: boolean;
  made_at: string;
  ends_at: string | null;
}

export interface Source {
  name: string;
  scopes: Scope[];
  enrols: boolean;
  agency: Desk | null;
  keys: Key[];
  device_keys: number;
}

export interface Act {
  id: number;
  at: string;
  wall_at: string;
  account: string;
  role: string;
  address: string | null;
  act: string;
  subject: string;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}

/** Shown once, to be handed over. */
export interface Made {
  name: string;
  secret: string;
}

const of = (name: string): string => `/v1/accounts/${encodeURIComponent(name)}`;
const from = (name: string): string => `/v1/sources/${encodeURIComponent(name)}`;

export const listAccounts = (): Promise<Account[]> => request("GET", "/v1/accounts");
export const makeAccount = async (name: string, whose: Person, key: string): Promise<Made> =>
  password(await request("POST", "/v1/accounts", { name, ...whose }, once(key)));
export const changeAccount = (name: string, whose: Partial<Person>): Promise<Account> =>
  request("PATCH", of(name), whose);
export const givePassword = async (name: string): Promise<Made> =>
  password(await request("POST", `${of(name)}/password`));
export const disable = (name: string): Promise<Account> => request("POST", `${of(name)}/disable`);
export const enable = (name: string): Promise<Account> => request("POST", `${of(name)}/enable`);
export const resetCode = (name: string): Promise<Account> =>
  request("POST", `${of(name)}/totp/reset`);
export const endSessions = (name: string): Promise<void> =>
  request("DELETE", `/v1/sessions?account=${encodeURIComponent(name)}`);

export const listSources = (): Promise<Source[]> => request("GET", "/v1/sources");
export const makeSource = async (
  name: string,
  scopes: Scope[],
  agency: Desk | null,
  enrols: boolean,
  sent: string,
): Promise<Made> =>
  key(await request("POST", "/v1/sources", { name, scopes, agency, enrols }, once(sent)));
export const changeSource = (
  name: string,
  scopes: Scope[],
  agency: Desk | null,
): Promise<Source> => request("PATCH", from(name), { scopes, agency });
export const makeKey = async (
  name: string,
  scopes: Scope[],
  days: number | null,
  sent: string,
): Promise<Made> =>
  key(await request("POST", `${from(name)}/keys`, { scopes, lasts_days: days }, once(sent)));
export const narrowKey = (id: string, scopes: Scope[]): Promise<void> =>
  request("PATCH", `/v1/keys/${id}`, { scopes });
export const endKey = (id: string): Promise<void> => request("DELETE", `/v1/keys/${id}`);

/** Acts at `at`; `left_out` counts those of machines where they were not asked for. */
export interface ActsPage {
  at: string;
  records: Act[];
  before: number | null;
  plates: Record<string, string>;
  left_out: number | null;
}

export const listActs = (
  asked: URLSearchParams,
  more: { before?: number; limit?: number },
): Promise<ActsPage> => {
  const whole = new URLSearchParams(asked);
  for (const [name, value] of Object.entries(more)) whole.set(name, String(value));
  return request("GET", `/v1/audit?${whole}`);
};

/** A driver as the site knows him, without what is personal. */
export interface Driver {
  id: number;
  has_number: boolean;
  named: boolean;
  trips: number;
  active: boolean;
  last_at: string | null;
  plates: string[];
}

export interface Erased {
  person: number;
  trips: number;
  documents: number;
  forms: number;
}

export interface AccessPage {
  rows: {
    id: number;
    at: string;
    account: string;
    role: string;
    act: string;
    subject: string;
    trip: number | null;
    plate: string | null;
  }[];
  before: number | null;
}

/** A number has no letters, and every plate has one. */
const NUMBER = /^[+\d\s().-]+$/;
export const findDrivers = (text: string): Promise<Driver[]> =>
  request("POST", "/v1/persons/find", NUMBER.test(text) ? { phone: text } : { plate: text });
export const exportDriver = (id: number): Promise<unknown> =>
  request("GET", `/v1/persons/${id}/export`);
export const eraseDriver = (id: number): Promise<Erased> =>
  request("POST", `/v1/persons/${id}/erase`);
export const listAccesses = (before: number | null): Promise<AccessPage> =>
  request("GET", `/v1/persons/accesses${before === null ? "" : `?before=${before}`}`);

const password = (made: { name: string; password: string }): Made => ({
  name: made.name,
  secret: made.password,
});
const key = (made: { source: string; key: string }): Made => ({
  name: made.source,
  secret: made.key,
});
