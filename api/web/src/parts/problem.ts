import { find, language, t } from "../language";
import { ApiError, type Value, type Values } from "../request";
import { decimal, instant, moment } from "../time";
import { codeName, personName, placeName, siteTimezone } from "./place";

/** Why something cannot be, or is to be looked at twice, as the server says it. */
export interface Refusal {
  sentence: string;
  kind: string | null;
  values: Values;
}

const KIND = /^urn:flowctl:([\w-]+)$/;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
const PLACES = new Set(["gate", "gates", "yard", "place", "zone"]);
/** Values that are codes, and where the catalogue has them in words. */
const CODES: Record<string, string> = {
  act: "act.",
  alert_state: "alerts.state_",
  desk: "desk.",
  desks: "desk.",
  fact: "refusal_field.",
  facts: "refusal_field.",
  field: "refusal_field.",
  outcome: "act.state_",
  role: "account.role_",
  state: "stage.",
};

/** What went wrong, as a sentence for the reader. */
export function problem(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t("common.no_network");
  return inWords(KIND.exec(error.type)?.[1] ?? null, error.values) ?? neutral(error);
}

/** A refusal that came inside of an answer, as a sentence for the reader. */
export const refusalWords = ({ kind, values, sentence }: Refusal): string =>
  inWords(kind, values) ?? t("common.refused", { detail: sentence });

function inWords(kind: string | null, values: Values): string | null {
  const words = kind === null ? null : find(`refusals.${kind}`);
  return words?.replace(/\{(\w+)\}/g, (_, name: string) => shown(name, values[name])) ?? null;
}

/** What no words of its own are kept for: whose matter it is, and whether trying again helps. */
function neutral({ status, message, retryAfterS }: ApiError): string {
  if (status === 403) return t("common.not_for_you");
  if (status === 404) return t("common.gone");
  if (status === 429) return t("common.too_often");
  if (status === 503) return t("common.store_away", { n: retryAfterS ?? 5 });
  if (status >= 500) return t("common.server_fault", { status });
  return t("common.refused", { detail: message });
}

function shown(name: string, value: Value | undefined): string {
  if (value === undefined || value === null) return t("common.none");
  if (Array.isArray(value)) {
    return value.map((one) => shown(name, one)).join(language.value === "zh" ? "、" : ", ");
  }
  if (typeof value === "number") return decimal(value, 0, 1);
  if (PLACES.has(name)) return placeName(value);
  if (name === "by") return personName(value);
  if (INSTANT.test(value)) return moment(instant(value), new Date(), siteTimezone());
  const own = codeName(name, value);
  if (own !== null) return own;
  const code = CODES[name];
  return (code === undefined ? null : find(code + value)) ?? value;
}
