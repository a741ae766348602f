/** What the page of bulletins asks of the server. */

import { address, call, type Described } from "../call";
import { refusal } from "../request";
import type { Language } from "../types";

/** A day's bulletin in a few figures. */
export type Listed = Described<"BulletinListed">;

/** The day that runs: when its bulletin comes, and its figures so far. */
export type Next = Described<"BulletinNext">;

/** Asked for as a day, it is the one that is not over. */
export const RUNNING = "running";

/** Days from `day` to `until`, both included; one day where they are the same. */
export interface Days {
  day: string;
  until: string;
}

export type Form = "html" | "csv" | "xlsx" | "pdf";

export const listBulletins = (): Promise<Listed[]> => call("GET", "/v1/bulletins");

export const askNext = (): Promise<Next> => call("GET", "/v1/bulletins/next");

export function addressOf({ day, until }: Days, form: Form, language: Language): string {
  return address("/v1/bulletins/{name}", {
    path: { name: `${day}.${form}` },
    query: { lang: language, until: until === day ? null : until },
  });
}

/** As a page and no JSON, so not by `call`. */
export async function getPage(days: Days, language: Language): Promise<string> {
  const answer = await fetch(addressOf(days, "html", language));
  if (!answer.ok) throw await refusal(answer);
  return answer.text();
}
