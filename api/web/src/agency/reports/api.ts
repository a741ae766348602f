/** What reports ask of the server. */

import { address, call, type Described } from "../../call";

export const PERIODS = ["day", "month", "year"] as const;
export type Period = Described<"Period">;
export type Part = Described<"Part">;
export const FORMS = ["xlsx", "csv", "parquet"] as const;
export type Form = (typeof FORMS)[number];

export type Row = Required<Described<"Row">>;

/** Which days are counted, and of what; what is empty is of any. */
export interface Wish {
  since: string;
  until: string;
  gate: string;
  direction: string;
  cargo: string;
}

export type Line = Described<"DictionaryLine">;

export const askReport = async (
  wish: Wish,
  period: Period,
  by: readonly Part[],
): Promise<Row[]> => {
  const query = { ...wish, period, by: [...by] };
  const { rows }: { rows: Row[] } = await call("GET", "/v1/reports", { query });
  return rows;
};

/** The address of a report by all there is, in a language. */
export const fileOf = (wish: Wish, period: Period, form: Form, language: string): string =>
  address("/v1/reports.{form}", {
    path: { form },
    query: { period, ...wish, by: ["gate", "direction", "cargo", "desk", "of"], language },
  });

export const askDictionary = (language: string): Promise<Line[]> =>
  call("GET", "/v1/reports/dictionary", { query: { language } });
