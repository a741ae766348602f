/** Figures as planners read them, by their unit. */

import { t } from "../../language";
import { decimal, duration, wholeNumber } from "../../time";
import type { Interval, Unit } from "../types";

const MILLION = 1_000_000;

function seconds(value: number): string {
  if (value < 60) return t("planner.seconds", { n: decimal(value, 0, value < 10 ? 1 : 0) });
  return duration(value);
}

const SHOWN: Record<Unit, (value: number) => string> = {
  s: seconds,
  min: (value) => seconds(60 * value),
  share: (value) => `${decimal(100 * value, 0, 1)} %`,
  vnd: (value) =>
    value >= MILLION
      ? t("planner.million_vnd", { n: decimal(value / MILLION, 0, value < 100 * MILLION ? 1 : 0) })
      : `${wholeNumber(Math.round(value))} ₫`,
  trucks: (value) => decimal(value, 0, 1),
  count: (value) => decimal(value, 0, 1),
};

export function quantity(value: number | null, unit: Unit): string {
  if (value === null) return t("common.none");
  return (value < 0 ? "−" : "") + (SHOWN[unit] ?? SHOWN.count)(Math.abs(value));
}

/** With a sign before it: a change. */
export function change(value: number | null, unit: Unit): string {
  if (value === null) return t("common.none");
  return value > 0 ? `+${quantity(value, unit)}` : quantity(value, unit);
}

export function between({ low, high }: Interval, unit: Unit, say: typeof quantity): string {
  if (low === null || high === null) return "";
  const [from, to] = [say(low, unit), say(high, unit)];
  // Ends that read alike would say that nothing is unsure: then the figure stands for both.
  return from === to ? "" : `${from} … ${to}`;
}

/** Whether an interval leaves no doubt about the sign of a difference. */
export const isSure = ({ low, high }: Interval): boolean =>
  low !== null && high !== null && (low > 0 || high < 0);
