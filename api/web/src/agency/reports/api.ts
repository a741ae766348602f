/** What reports ask of the server. */

import { request } from "../../request";

export const PERIODS = ["day", "month", "year"] as const;
export type Period = (typeof PERIODS)[number] | "hour" | "all";
export type Part = "gate" | "direction" | "cargo" | "desk" | "of";
export const FORMS = ["xlsx", "csv", "parquet"] as const;
export type Form = (typeof FORMS)[number];

export interface Row {
  period: string;
  measure: string;
  gate: string;
  direction: string;
  cargo: string;
  desk: string;
  of: string;
  n: number;
  mean_s: number | null;
  p50_s: number | null;
  p90_s: number | null;
  sum_vnd: number | null;
}

/** Which days are counted, and of what; what is empty is of any. */
export interface Wish {
  since: string;
  until: string;
  gate: string;
  direction: string;
  cargo: string;
}

export interface Line {
  code: string;
  name: string;
  meaning: string;
}

function asked(wish: Wish, period: Period, by: readonly Part[]): URLSearchParams {
  const words = new URLSearchParams({ period });
  for (const [name, value] of Object.entries(wish)) if (value !== "") words.set(name, value);
  for (const part of by) words.append("by", part);
  return words;
}

export const askReport = (wish: Wish, period: Period, by: readonly Part[]): Promise<Row[]> =>
  request<{ rows: Row[] }>("GET", `/v1/reports?${asked(wish, period, by)}`).then(
    ({ rows }) => rows,
  );

/** The address of a report by all there is, in a language. */
export function fileOf(wish: Wish, period: Period, form: Form, language: string): string {
  const words = asked(wish, period, ["gate", "direction", "cargo", "desk", "of"]);
  words.set("language", language);
  return `/v1/reports.${form}?${words}`;
}

export const askDictionary = (language: string): Promise<Line[]> =>
  request("GET", `/v1/reports/dictionary?language=${language}`);
