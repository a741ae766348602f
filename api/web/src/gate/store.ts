/** What the page keeps on its tablet: today's list, and decisions until the server has them. */

import { computed, signal } from "@preact/signals";
import { getSite } from "../client";
import { ApiError } from "../request";
import { ServerClock } from "../time";
import type { Names, Session } from "../types";
import {
  type Decision,
  type Elsewhere,
  type GateList,
  getList,
  type Listed,
  sendDecisions,
} from "./api";

export interface Place {
  timezone: string;
  gates: { id: string; name: Names }[];
}

/** A decision that waits, with the gate it was made at and who made it. */
export interface Waiting extends Decision {
  gate: string;
  by: string;
  /** What the truck is called, for the officer. */
  shown: string;
}

export interface Rejected {
  plate: string;
  detail: string;
}

const KEYS = {
  session: "flowctl.gate.session",
  place: "flowctl.gate.place",
  gate: "flowctl.gate.gate",
  list: "flowctl.gate.list",
  waiting: "flowctl.gate.waiting",
} as const;
/** How far the server's clock is run on without hearing of it: a night without a network. */
const CLOCK_LIMIT_MS = 14 * 3600_000;
const AT_ONCE = 200;

function kept<T>(key: string): T | null {
  const text = localStorage.getItem(key);
  return text === null ? null : (JSON.parse(text) as T);
}
const keep = (key: string, value: unknown): void => localStorage.setItem(key, JSON.stringify(value));

const clock = new ServerClock(CLOCK_LIMIT_MS);
export const place = signal<Place | null>(kept(KEYS.place));
export const gate = signal<string | null>(kept(KEYS.gate));
export const offline = signal(false);
/** What the server answered instead of what was asked, null where all is well or nothing answers. */
export const wrong = signal<ApiError | null>(null);
export const rejected = signal<Rejected[]>([]);
export const waiting = signal<Waiting[]>(kept(KEYS.waiting) ?? []);
const heard = signal<{ list: GateList; at: number } | null>(kept(KEYS.list));
if (heard.value) clock.observe(heard.value.list.at, heard.value.at);

/** The list as heard, with what was decided here since. */
export const list = computed<GateList | null>(() => {
  const known = heard.value?.list;
  if (!known || known.gate !== gate.value) return null;
  const trips = [...known.trips, ...(known.elsewhere ?? []).map(sentOn)];
  return { ...known, trips: trips.map(withDecision) };
});

function sentOn({ gate, ...row }: Elsewhere): Listed {
  return { ...row, elsewhere: gate, order: null, needs: null, decision: null, admission: null };
}

function withDecision(row: Listed): Listed {
  return waiting.value.filter((one) => one.trip === row.trip).reduce(decidedHere, row);
}

/** An admission stays whatever is marked beside it, until the same gate refuses the truck. */
function decidedHere(row: Listed, { kind, at, by, gate, reason }: Waiting): Listed {
  let { admission } = row;
  if (kind === "admitted") admission = { gate, at, by };
  if (kind === "refused" && admission?.gate === gate) admission = null;
  return { ...row, admission, decision: { kind, reason: reason ?? null, at, by } };
}

export const keptSession = (): Session | null => kept(KEYS.session);
export const keepSession = (session: Session): void => keep(KEYS.session, session);
export const now = (): Date => clock.now(Date.now());

export function chooseGate(id: string | null): void {
  gate.value = id;
  keep(KEYS.gate, id);
}

/** Enter a decision; it waits here until the server has it. */
export function decide(decision: Omit<Decision, "id" | "at">, shown: string, by: string): void {
  if (gate.value === null) return;
  const made = { ...decision, id: crypto.randomUUID(), at: now().toISOString() };
  setWaiting([...waiting.value, { ...made, gate: gate.value, by, shown }]);
  void exchange(by);
}

function setWaiting(next: Waiting[]): void {
  waiting.value = next;
  keep(KEYS.waiting, next);
}

let busy = false;
let again = false;

/** Send what waits, then ask for the list anew; where there is no network all stays as it is. */
export async function exchange(officer: string): Promise<void> {
  again = busy;
  if (busy) return;
  busy = true;
  try {
    do {
      again = false;
      if (place.value === null) await loadPlace();
      while (await sendSome(officer));
      if (gate.value !== null) await loadList(gate.value);
    } while (again);
    offline.value = false;
    wrong.value = null;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) location.reload(); // to sign in again
    wrong.value = error instanceof ApiError && error.status > 0 ? error : null;
    offline.value = wrong.value === null;
  } finally {
    busy = false;
  }
}

async function loadPlace(): Promise<void> {
  const site = await getSite();
  const gates = site.gates.map(({ id, name }) => ({ id, name }));
  place.value = { timezone: site.timezone, gates };
  keep(KEYS.place, place.value);
}

async function loadList(id: string): Promise<void> {
  const got = await getList(id);
  const at = Date.now();
  clock.observe(got.at, at);
  heard.value = { list: got, at };
  keep(KEYS.list, heard.value);
}

/** What the server has is in the list at once: the next truck may be scanned before it comes anew. */
function takeOver(sent: readonly Waiting[]): void {
  if (heard.value === null) return;
  const { list, at } = heard.value;
  const of = (row: Listed): Waiting[] => sent.filter((one) => one.trip === row.trip);
  const trips = list.trips.map((row) => of(row).reduce(decidedHere, row));
  heard.value = { list: { ...list, trips }, at };
  keep(KEYS.list, heard.value);
}

/** Send some of what this officer decided; another one's waits for that one to sign in. */
async function sendSome(officer: string): Promise<boolean> {
  const first = waiting.value.find((one) => one.by === officer);
  if (!first) return false;
  const some = waiting.value
    .filter((one) => one.by === officer && one.gate === first.gate)
    .slice(0, AT_ONCE);
  const answer = await sendDecisions(
    first.gate,
    some.map(({ gate: _gate, by: _by, shown: _shown, ...decision }) => decision),
  );
  const sent = new Set(some.map((one) => one.id));
  const refused = answer.refused.map(({ id, detail }) => ({
    plate: some.find((one) => one.id === id)?.shown ?? "",
    detail,
  }));
  rejected.value = [...rejected.value, ...refused];
  takeOver(some.filter((one) => !answer.refused.some(({ id }) => id === one.id)));
  setWaiting(waiting.value.filter((one) => !sent.has(one.id)));
  return true;
}
