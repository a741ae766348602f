/** What administrators ask of the server about people, machines and what was done. */

import { address, type Asked, call, type Described } from "../call";
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

export interface Account extends Described<"ShownAccount"> {
  role: Role;
  agency: Agency | null;
}

export interface Person {
  role: Role;
  person: string;
  post: string;
  agency?: Agency;
  email?: string;
}

export interface Key extends Described<"ShownKey"> {
  scopes: Scope[];
}

export interface Source extends Described<"ShownSource"> {
  scopes: Scope[];
  agency: Desk | null;
  keys: Key[];
}

export type Act = Described<"AuditRecord">;

/** Shown once, to be handed over. */
export interface Made {
  name: string;
  secret: string;
}

const of = (name: string): { path: { name: string } } => ({ path: { name } });

export const listAccounts = (): Promise<Account[]> => call("GET", "/v1/accounts");
export const makeAccount = async (name: string, whose: Person, key: string): Promise<Made> =>
  password(await call("POST", "/v1/accounts", { body: { name, ...whose }, key }));
export const changeAccount = (name: string, whose: Partial<Person>): Promise<Account> =>
  call("PATCH", "/v1/accounts/{name}", { ...of(name), body: whose });
export const givePassword = async (name: string): Promise<Made> =>
  password(await call("POST", "/v1/accounts/{name}/password", of(name)));
export const disable = (name: string): Promise<Account> =>
  call("POST", "/v1/accounts/{name}/disable", of(name));
export const enable = (name: string): Promise<Account> =>
  call("POST", "/v1/accounts/{name}/enable", of(name));
export const resetCode = (name: string): Promise<Account> =>
  call("POST", "/v1/accounts/{name}/totp/reset", of(name));
export const endSessions = (account: string): Promise<Described<"Ended">> =>
  call("DELETE", "/v1/sessions", { query: { account } });

export const listSources = (): Promise<Source[]> => call("GET", "/v1/sources");
export const makeSource = async (
  name: string,
  scopes: Scope[],
  agency: Desk | null,
  enrols: boolean,
  sent: string,
): Promise<Made> =>
  key(await call("POST", "/v1/sources", { body: { name, scopes, agency, enrols }, key: sent }));
export const changeSource = (
  name: string,
  scopes: Scope[],
  agency: Desk | null,
): Promise<Source> =>
  call("PATCH", "/v1/sources/{name}", { ...of(name), body: { scopes, agency } });
export const makeKey = async (
  name: string,
  scopes: Scope[],
  lasts_days: number | null,
  sent: string,
): Promise<Made> => {
  const body = { scopes, lasts_days };
  return key(await call("POST", "/v1/sources/{name}/keys", { ...of(name), body, key: sent }));
};
export const narrowKey = (key_id: string, scopes: Scope[]): Promise<void> =>
  call("PATCH", "/v1/keys/{key_id}", { path: { key_id }, body: { scopes } });
export const endKey = (key_id: string): Promise<void> =>
  call("DELETE", "/v1/keys/{key_id}", { path: { key_id } });

/** Acts at `at`; `left_out` counts those of machines where they were not asked for. */
export type ActsPage = Described<"AuditPage">;
export type ActsWish = NonNullable<Asked<"GET", "/v1/audit">["query"]>;

export const listActs = (query: ActsWish): Promise<ActsPage> => call("GET", "/v1/audit", { query });
export const actsFile = (query: ActsWish): string => address("/v1/audit.csv", { query });

/** A driver as the site knows him, without what is personal. */
export type Driver = Described<"Person">;
export type Erased = Described<"Erased">;
export type AccessPage = Described<"Accesses">;

/** A number has no letters, and every plate has one. */
const NUMBER = /^[+\d\s().-]+$/;
const his = (person: number): { path: { person: number } } => ({ path: { person } });
export const findDrivers = (text: string): Promise<Driver[]> =>
  call("POST", "/v1/persons/find", { body: NUMBER.test(text) ? { phone: text } : { plate: text } });
export const exportDriver = (id: number): Promise<unknown> =>
  call("GET", "/v1/persons/{person}/export", his(id));
export const eraseDriver = (id: number): Promise<Erased> =>
  call("POST", "/v1/persons/{person}/erase", his(id));
export const listAccesses = (before: number | null): Promise<AccessPage> =>
  call("GET", "/v1/persons/accesses", { query: { before } });

const password = (made: Described<"MadePassword">): Made => ({
  name: made.name,
  secret: made.password,
});
const key = (made: Described<"MadeKey">): Made => ({
  name: made.source,
  secret: made.key,
});
