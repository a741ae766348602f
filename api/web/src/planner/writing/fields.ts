/** The form's fields, each for every gate, yard or row it is said of, in blocks of what they say. */

import { find } from "../../language";
import { placeName } from "../../parts/place";
import type { FieldValue, FormField } from "../types";

export interface Placed extends FormField {
  /** With gates, yards and rows in place of their marks. */
  at: string;
  value: FieldValue;
}

/** Fields that say something of one gate, yard or row; `of` is null for those of the whole day. */
export interface Block {
  key: string;
  of: string | null;
  /** Where it is a row of an array of tables, its path, by which it is taken out. */
  row: string | null;
  fields: Placed[];
}

const MARK = /\{(\w+)\}/;
const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** What may be left empty: a closure that nobody announces. */
export const mayBeEmpty = (path: string): boolean => path.endsWith(".announced_h");

/** The fields of a group that the text has a value for, block by block. */
export function blocksOf(
  fields: readonly FormField[],
  values: Readonly<Record<string, FieldValue>>,
): Block[] {
  const blocks = new Map<string, Block>();
  const paths = Object.keys(values);
  for (const field of fields) {
    const [before = "", after = ""] = field.path.split(MARK.exec(field.path)?.[0] ?? "\0");
    const mark = MARK.exec(field.path)?.[1];
    const matches = mark
      ? new RegExp(`^${escaped(before)}([^.]+)${escaped(after)}$`)
      : new RegExp(`^${escaped(field.path)}$`);
    for (const at of paths) {
      const found = matches.exec(at);
      const value = values[at] ?? null;
      // A law has no value for what belongs to another law.
      if (!found || (value === null && !mayBeEmpty(at))) continue;
      const of = found[1] ?? null;
      const key = mark ? `${before}${of}` : "";
      const block = blocks.get(key) ?? { key, of, row: mark === "row" ? key : null, fields: [] };
      block.fields.push({ ...field, at, value });
      blocks.set(key, block);
    }
  }
  return [...blocks.values()].sort(byRows);
}

/** Rows keep to their kind, and within it to their number. */
function byRows(a: Block, b: Block): number {
  if (a.row === null || b.row === null) return 0;
  const [kind, other] = [a.row.split(".")[0] ?? "", b.row.split(".")[0] ?? ""];
  return kind === other ? Number(a.of) - Number(b.of) : 0;
}

export function blockName({ of, row }: Block): string | null {
  if (of === null) return null;
  if (row === null) return placeName(of);
  return `${rowName(row.split(".")[0] ?? "")} ${Number(of) + 1}`;
}

export const fieldName = ({ label, at }: Placed): string => find(label) ?? at;
export const rowName = (kind: string): string => find(`planner_row.${kind}`) ?? kind;
export const groupName = (group: string): string => find(`planner_group.${group}`) ?? group;
export const unitName = (unit: string | null): string =>
  unit === null ? "" : (find(`planner_unit.${unit}`) ?? unit);

/** What a new row says at first, of a gate: the disturbances planners ask about most. */
export const NEW_ROWS: Record<string, (gate: string) => Record<string, FieldValue>> = {
  disruptions: (gate) => ({ gate, from_h: 10, until_h: 12, places_left: 0 }),
  surges: (gate) => ({ gate, from_h: 7, until_h: 10, more: 0.3 }),
  lanes: (gate) => ({ gate, from_h: 7, until_h: 12, places: 6 }),
  other_side: (gate) => ({ gate, from_h: 15, until_h: 24, most_per_h: 0 }),
  breakdowns: (gate) => ({ gate, places: 1, mean_between_h: 6, mean_repair_min: 45 }),
};

/** How many rows of a kind the text has. */
export function rowsOf(kind: string, values: Readonly<Record<string, FieldValue>>): number {
  const numbers = Object.keys(values)
    .filter((path) => path.startsWith(`${kind}.`))
    .map((path) => Number(path.split(".")[1]));
  return numbers.length === 0 ? 0 : Math.max(...numbers) + 1;
}
