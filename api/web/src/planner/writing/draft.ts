/** The scenario that is being written: its text, and what the server reads in it. */

import { signal } from "@preact/signals";
import { checkText, editText, getScenario } from "../api";
import type { FieldValue, RowValue, ScenarioText, TextProblem } from "../types";

/** So long after the last key the text is looked at. */
const TYPED_MS = 300;
/** So long after the last move of a slider the text is changed. */
const MOVED_MS = 120;

/** Where the text came from; null before the first one is there. */
export const source = signal<ScenarioText | null>(null);
export const text = signal("");
/** By path, what the text says; as of the last text that could be read. */
export const values = signal<Record<string, FieldValue>>({});
export const problems = signal<readonly TextProblem[]>([]);
/** Whether the server has still to look at the newest text. */
export const checking = signal(false);
export const wrong = signal<unknown>(null);

/** Counts the changes: an answer to an older text than the newest says nothing any more. */
let version = 0;
let timer = 0;
let moved: Record<string, RowValue> = {};

async function check(): Promise<void> {
  const own = version;
  try {
    const said = await checkText(text.value);
    if (own !== version) return;
    if (said.ok) values.value = said.values;
    problems.value = said.problems;
    wrong.value = null;
  } catch (error) {
    if (own === version) wrong.value = error;
  }
  if (own === version) checking.value = false;
}

function later(task: () => Promise<void>, milliseconds: number): void {
  clearTimeout(timer);
  checking.value = true;
  timer = setTimeout(() => void task(), milliseconds);
}

/** Take over what somebody typed. */
export function type(next: string): void {
  version += 1;
  moved = {};
  text.value = next;
  later(check, TYPED_MS);
}

/** Take over a value of the form: shown at once, in the text a moment later. */
export function move(path: string, value: FieldValue): void {
  version += 1;
  moved = { ...moved, [path]: value };
  values.value = { ...values.value, [path]: value };
  later(write, MOVED_MS);
}

/** Change the text at once: rows that come or go. */
export function change(changes: Record<string, RowValue>): Promise<void> {
  version += 1;
  clearTimeout(timer);
  checking.value = true;
  moved = { ...moved, ...changes };
  return write();
}

async function write(): Promise<void> {
  const own = version;
  const changes = moved;
  try {
    const edited = await editText(text.value, changes);
    if (own !== version) return;
    moved = {};
    text.value = edited.text;
    await check();
  } catch (error) {
    if (own !== version) return;
    wrong.value = error;
    checking.value = false;
  }
}

/** Begin with a scenario's text. */
export async function open(id: string): Promise<void> {
  version += 1;
  const own = version;
  clearTimeout(timer);
  try {
    const found = await getScenario(id);
    if (own !== version) return;
    source.value = found;
    text.value = found.text;
    checking.value = true;
    await check();
  } catch (error) {
    if (own === version) wrong.value = error;
  }
}

export const isChanged = (): boolean => source.value !== null && text.value !== source.value.text;
