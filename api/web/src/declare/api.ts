/** What the page of declarations asks of the server. */

import { address, call, type Described } from "../call";
import { ApiError, newKey, once, refusal, type Values as Said } from "../request";
import type { Direction, Names, Trip } from "../types";

export type StageState = "waiting" | "ready" | "asked" | "confirmed" | "refused" | "expired";
export interface OpenStage {
  stage: string;
  desk: string | null;
  state: StageState;
  since: string;
}

/** What stands beside a trip in the list. */
export interface Beside {
  customer: string | null;
  goods: string | null;
  goods_class: string | null;
  trailer: string | null;
  load: "laden" | "empty";
  marks: string[];
  locked: string[];
  reached: string | null;
  open: OpenStage[];
  documents: number;
  open_conflicts: number;
  due_vnd: number | null;
}
export interface Declared {
  at: string;
  rows: { trip: Trip; beside: Beside }[];
}

interface Named {
  id: string;
  name: Names;
}
export interface Workflow {
  version: string;
  variants: (Named & { handover: string; stages: (Named & { desk: string | null })[] })[];
  goods_classes: Named[];
  weight_classes: (Named & { from_t: number | null; below_t: number | null })[];
  handovers: Named[];
  in_force: { gate: string; direction: Direction; variants: string[]; default: string | null }[];
}

export interface StageRecord {
  id: number;
  stage: string;
  act: "confirmed" | "refused" | "asked" | "answered" | "withdrawn";
  origin: string;
  /** Hidden from hauliers. */
  by: string | null;
  desk: string | null;
  at: string;
  reason: string | null;
  note: string | null;
}
export interface TripStage {
  stage: string;
  name: Names;
  desk: string | null;
  state: StageState;
  since: string;
  waits_for: { stage: string; desk: string | null; since: string }[];
  expires_at: string | null;
  unlocks: string[];
  may: string[];
  record: StageRecord | null;
}
export interface Stages {
  trip: number;
  /** Null: its site had no workflow when it began. */
  version: string | null;
  locked: string[];
  stages: TripStage[];
  records: StageRecord[];
}

export type TripState = "active" | "cleared" | "cancelled";
export type Form = Record<string, unknown>;
export interface Filled {
  form: Form;
  /** By field, from whom it is: "last", or "source:NAME". */
  origins: Record<string, string>;
}
export interface Draft {
  id: string;
  revision: number;
  form: Form;
  changed_at: string;
}
export interface Template {
  name: string;
  customer: string | null;
  form: Form;
}

export interface Obstacle {
  kind: string;
  text: string;
  values: Said;
}
export interface FairUse {
  haulier: string | null;
  active: number;
  quota: number | null;
  left: number | null;
  extensions_per_day: number;
  ban_after: number;
  within_days: number;
  ban_days: number;
  obstacles: Obstacle[];
}

/** Why a line of fees is as high as it is: by the facts it goes by, by days, or for everybody. */
export interface Why {
  kind: string;
  values: Record<string, string | number>;
}
export interface Quote {
  lines: { service: string; name: Names; amount_vnd: number; why: Why }[];
  withheld: {
    service: string;
    name: Names;
    until_stage: string | null;
    until_fact: string | null;
  }[];
  total_vnd: number;
}
export interface Dues extends Quote {
  paid_vnd: number;
  due_vnd: number;
  payments: {
    id: number;
    amount_vnd: number;
    method: string;
    receipt: string;
    paid_at: string;
  }[];
}

export interface Paper {
  id: string;
  kind: string;
  /** Null once it is erased. */
  name: string | null;
  size_bytes: number;
  state: string;
  /** It can be had; somebody who did not add it opened it. */
  opens: boolean;
  seen: boolean;
}
/** To what documents are attached: a draft by its id, or a trip by its number. */
export type Holder = { draft: string } | { trip: number };

export interface TripDeclaration extends Form {
  marks: string[];
  origins: Record<string, string>;
  settled: Record<string, string>;
  keeps_place: Record<string, "keeps" | "evidence" | "loses" | "fixed">;
  conflicts: { id: number; field: string; ours: unknown; theirs: unknown; source: string }[];
}

export interface ImportFault {
  row: number;
  column: string | null;
  text: string;
  kind: string | null;
  values: Said;
}
/** A truck that crossed; `due_at` null: it need not come back. */
export interface Crossing {
  gate: string;
  at: string;
  due_at: string | null;
  returned_at: string | null;
  state: "away" | "overdue" | "back" | "over";
}
export interface Crossings {
  crossing: Crossing | null;
  way_back: Crossing | null;
  pair: { plate: string; trip: number | null; state: string | null } | null;
}

export interface Imported {
  rows: number;
  /** Trips; of a table that was only looked through, those that would be made. */
  made: number;
  trips: number[];
  faults: ImportFault[];
}

export interface Appeal {
  id: number;
  about: string;
  trip: number | null;
  plate: string | null;
  words: string;
  state: string;
  made_at: string;
  answer: string | null;
}

const at = (trip_id: number): { path: { trip_id: number } } => ({ path: { trip_id } });

export const listDeclared = (state: TripState | "", plate: string): Promise<Declared> =>
  call("GET", "/v1/declarations", { query: { state, plate } });
export const getWorkflow = (): Promise<Workflow | null> => call("GET", "/v1/workflow");
export const getTrip = (id: number): Promise<Trip> => call("GET", "/v1/trips/{trip_id}", at(id));
export const getStages = (id: number): Promise<Stages> =>
  call("GET", "/v1/trips/{trip_id}/stages", at(id));
/** With `driver` it is written down who was shown whose name. */
export const getDeclaration = (id: number, driver: boolean): Promise<TripDeclaration> =>
  call("GET", "/v1/trips/{trip_id}/declaration", { ...at(id), query: { driver } });
export const declare = (body: Form, key: string): Promise<Trip> =>
  call("POST", "/v1/trips", { body: body as Described<"TripDeclaration">, key });
export const change = (id: number, body: Form): Promise<Trip> =>
  call("PATCH", "/v1/trips/{trip_id}", { ...at(id), body: body as Described<"TripPatch"> });
export const cancel = (id: number): Promise<Trip> =>
  call("POST", "/v1/trips/{trip_id}/cancel", at(id));
export const answerStage = (id: number, stage: string, note: string): Promise<Stages> =>
  call("POST", "/v1/trips/{trip_id}/stages/{stage}", {
    path: { trip_id: id, stage },
    body: { act: "answered", note },
    key: newKey(),
  });

export const listDrafts = (): Promise<Draft[]> => call("GET", "/v1/drafts");
export const getDraft = (draft: string): Promise<Draft> =>
  call("GET", "/v1/drafts/{draft}", { path: { draft } });
export const putDraft = (draft: string, revision: number, form: Form): Promise<Draft> =>
  call("PUT", "/v1/drafts/{draft}", { path: { draft }, body: { revision, form } });
export const dropDraft = (draft: string): Promise<void> =>
  call("DELETE", "/v1/drafts/{draft}", { path: { draft } });
export const listTemplates = (): Promise<Template[]> => call("GET", "/v1/templates");
export const putTemplate = ({ name, customer, form }: Template): Promise<Template> =>
  call("PUT", "/v1/templates/{name}", { path: { name }, body: { name, customer, form } });
export const dropTemplate = (name: string): Promise<void> =>
  call("DELETE", "/v1/templates/{name}", { path: { name } });
export const prefill = (query: { plate: string } | { trip: number }): Promise<Filled> =>
  call("GET", "/v1/prefill", { query });

/** `haulier` where somebody at a desk declares for one; hauliers are asked about themselves. */
export const fairUse = (plate: string, device: string, haulier: string): Promise<FairUse> =>
  call("GET", "/v1/fair-use", { query: { plate, device, haulier } });
export const quote = (facts: Form): Promise<Quote> =>
  call("POST", "/v1/fees/quote", { body: { facts } as Described<"Asked"> });
export const getCrossings = (id: number): Promise<Crossings> =>
  call("GET", "/v1/trips/{trip_id}/crossings", at(id));
export const getDues = (id: number): Promise<Dues> =>
  call("GET", "/v1/trips/{trip_id}/dues", at(id));

export const listAppeals = (): Promise<Appeal[]> => call("GET", "/v1/appeals");
export const appeal = (
  about: string,
  words: string,
  trip: number | null,
  key: string,
): Promise<Appeal> => call("POST", "/v1/appeals", { body: { about, words, trip }, key });

export const listPapers = (of: Holder): Promise<Paper[]> =>
  "draft" in of
    ? call("GET", "/v1/drafts/{draft_id}/documents", { path: { draft_id: of.draft } })
    : call("GET", "/v1/trips/{trip_id}/documents", at(of.trip));
export const dropPaper = (document_id: string): Promise<void> =>
  call("DELETE", "/v1/documents/{document_id}", { path: { document_id } });

/** Sends a file; `onProgress` hears what share of it has gone. No timeout: lines are slow. */
export function addPaper(
  of: Holder,
  kind: string,
  file: File,
  onProgress: (share: number) => void,
): Promise<Paper> {
  const query = { kind, name: file.name };
  const to =
    "draft" in of
      ? address("/v1/drafts/{draft_id}/documents", { path: { draft_id: of.draft }, query })
      : address("/v1/trips/{trip_id}/documents", { ...at(of.trip), query });
  return sent(to, file, onProgress);
}

/** Reads a table of trips; `dry`: only says what would come of it. */
export function importTable(
  file: File,
  dry: boolean,
  key: string,
  onProgress: (share: number) => void,
): Promise<Imported> {
  return sent(address("/v1/imports", { query: { dry } }), file, onProgress, dry ? {} : once(key));
}

/** `fetch` says nothing of how far a body has gone; this does. */
function sent<T>(
  path: string,
  file: File,
  onProgress: (share: number) => void,
  more: Record<string, string> = {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const going = new XMLHttpRequest();
    going.open("POST", path);
    going.responseType = "text";
    const type = file.type || "application/octet-stream";
    const headers = { Accept: "application/json", "X-Flowctl": "1", "Content-Type": type, ...more };
    for (const [name, value] of Object.entries(headers)) going.setRequestHeader(name, value);
    going.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    going.onerror = () => reject(new ApiError(0, "network"));
    going.onload = () => {
      if (going.status < 300) return resolve(JSON.parse(going.responseText) as T);
      const answer = new Response(going.responseText, { status: going.status });
      return void refusal(answer).then(reject, reject);
    };
    going.send(file);
  });
}
