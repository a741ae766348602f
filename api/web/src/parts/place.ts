/** What it takes to say a refusal on the site's own terms: its clocks, its places, its people. */

import { nameOf } from "../language";
import type { Names, Site } from "../types";

let timezone: string | null = null;
const names = new Map<string, Names>();
let known = (account: string): string => account;

/** Have people called as a page that knows them does. */
export function callPeople(by: (account: string) => string): void {
  known = by;
}

/** Whoever has an account, by name where the page knows it. */
export const personName = (account: string): string => known(account);

let coded = (_name: string, _value: string): string | null => null;

/** Have codes that a site names itself, such as its stages, called as a page that read them does. */
export function callCodes(by: (name: string, value: string) => string | null): void {
  coded = by;
}

/** What a page calls the value of that name; null where none knows it. */
export const codeName = (name: string, value: string): string | null => coded(name, value);

/** Take over what a page has read of the site. */
export function learn(site: Site): Site {
  timezone = site.timezone;
  for (const { id, name } of [...site.yards, ...site.gates]) names.set(id, name);
  return site;
}

/** The site's timezone; the reader's own on a page that never reads the site. */
export const siteTimezone = (): string =>
  timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;

/** A gate's or yard's name, or its code where the site names none. */
export function placeName(id: string): string {
  const known = names.get(id);
  return known ? nameOf(known) : id;
}
