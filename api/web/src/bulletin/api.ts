/** What the page of bulletins asks of the server. */

import type { Language } from "../types";
import { refusal, request } from "../request";

/** A day's bulletin in a few figures. */
export interface Listed {
  day: string;
  version: number;
  made_at: string;
  changed: number;
  cleared_export: number;
  cleared_import: number;
  arrived: number;
  waiting: number;
}

/** The day that runs: when its bulletin comes, and its figures so far. */
export interface Next {
  day: string;
  comes_at: string;
  counted_at: string;
  timezone: string;
  cleared_export: number;
  cleared_import: number;
  arrived: number;
  waiting: number;
}

/** Asked for as a day, it is the one that is not over. */
export const RUNNING = "running";

/** Days from `day` to `until`, both included; one day where they are the same. */
export interface Days {
  day: string;
  until: string;
}

export type Form = "html" | "csv" | "xlsx" | "pdf";

export const listBulletins = (): Promise<Listed[]> => request("GET", "/v1/bulletins");

export const askNext = (): Promise<Next> => request("GET", "/v1/bulletins/next");

export function addressOf({ day, until }: Days, form: Form, language: Language): string {
  const asked = new URLSearchParams({ lang: language });
  if (until !== day) asked.set("until", until);
  return `/v1/bulletins/${day}.${form}?${asked}`;
}

export async function getPage(days: Days, language: Language): Promise<string> {
  const answer = await fetch(addressOf(days, "html", language));
  if (!answer.ok) throw await refusal(answer);
  return answer.text();
}
