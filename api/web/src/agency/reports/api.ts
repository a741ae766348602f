/** What reports ask of the server. */

import { request } from "../../request";

export const PERIODS = ["day", "month", "year", "hour", "all"] as const;
export type Period = (typeof PERIODS)[number];
export type Part = "gate" | "direction" | "cargo" | "desk" | "of";

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

/** Which days are counted, and of what; empty is of any. */
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

function address(wish: Wish, period: Period, by: readonly Part[], form = ""): string {
  const asked = new URLSearchParams({ period });
  for (const [name, value] of Object.entries(wish)) {
    if (value !== "") asked.set(name, String(value));
  }
  for (const part of by) asked.append("by", part);
  return `/v1/reports${form}?${asked}`;
}

/** By no part at all the server would take all of them: a desk is what most counts have none of. */
export const askReport = (wish: Wish, period: Period, by: readonly Part[]): Promise<Row[]> =>
  request<{ rows: Row[] }>("GET", address(wish, period, by)).then(({ rows }) => rows);

export const fileOf = (
  wish: Wish,
  period: Period,
  form: "csv" | "xlsx" | "parquet",
  language: string,
): string => {
  const all: readonly Part[] = ["gate", "direction", "cargo", "desk", "of"];
  return `${address(wish, period, all, `.${form}`)}&language=${language}`;
};

export const askDictionary = (language: string): Promise<Line[]> =>
  request("GET", `/v1/reports/dictionary?language=${language}`);
