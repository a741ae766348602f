/** What steers a day: a rule, and for the quota its share of what the gate is believed to take. */

import { find, t } from "../language";
import { decimal } from "../time";

export const RULES = ["none", "quota", "n_control", "slots", "slots_repair"] as const;
export type Rule = (typeof RULES)[number];

/** Rules with the production planner in the loop: a day of theirs takes seconds, not milliseconds. */
export const plans = (rule: Rule): boolean => rule === "slots" || rule === "slots_repair";

/** "quota:0.95" as "Even rate 95 %". */
export function steeringName(text: string): string {
  const [rule = "", setting] = text.split(":");
  const name = find(`planner.rule_${rule}`) ?? text;
  if (setting === undefined) return name;
  return rule === "quota" ? `${name} ${decimal(100 * Number(setting), 0, 1)} %` : `${name} (${setting})`;
}

export const ruleName = (rule: Rule): string => t(`planner.rule_${rule}`);
export const ruleHint = (rule: Rule): string => t(`planner.rule_${rule}_hint`);
