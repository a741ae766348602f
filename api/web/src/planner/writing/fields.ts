/** The form's fields, each for every gate or yard it is said of. */

import { find } from "../../language";
import { placeName } from "../../parts/place";
import type { FieldValue, FormField } from "../types";

export interface Placed extends FormField {
  /** With gates, yards and the like in place of their marks. */
  at: string;
  /** What stands in place of the marks, in their order. */
  of: string[];
  value: FieldValue;
}

const MARK = /\{\w+\}/g;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

function pattern(path: string): RegExp {
  const plain = path.split(MARK).map(escaped);
  return new RegExp(`^${plain.join("([^.]+)")}$`);
}

/** Every field that the text has a value for, in the order of the form. */
export function placed(
  fields: readonly FormField[],
  values: Readonly<Record<string, FieldValue>>,
): Placed[] {
  return fields.flatMap((field) => {
    const matches = pattern(field.path);
    return Object.keys(values).flatMap((at) => {
      const found = matches.exec(at);
      return found ? [{ ...field, at, of: found.slice(1), value: values[at] ?? null }] : [];
    });
  });
}

export function fieldName({ label, of, at }: Placed): string {
  const name = find(label) ?? at;
  if (of.length === 0) return name;
  return `${of.map((one) => find(`cargo.${one}`) ?? placeName(one)).join(" · ")}: ${name}`;
}

export const groupName = (group: string): string => find(`planner_group.${group}`) ?? group;
export const unitName = (unit: string | null): string =>
  unit === null ? "" : (find(`planner_unit.${unit}`) ?? unit);
