/** What the server says of drawn zones, and how it is asked. */

import { ApiError, once, request } from "../../request";
import type { Names, ZoneRole } from "../../types";

export interface DrawnProperties {
  id: string;
  name: Names;
  role: ZoneRole;
  gate: string | null;
  /** The places of a yard; what somebody typed until the server has said what is wrong with it. */
  capacity?: number | string | null;
  /** The yard whose ways to the gates a new yard has. */
  leaves_as?: string;
  uncertainty_m?: number;
  survey?: string;
  [other: string]: unknown;
}
export type Shape = GeoJSON.Polygon | GeoJSON.MultiPolygon;
export type Drawn = GeoJSON.Feature<Shape, DrawnProperties>;

export interface Fault {
  zone: string | null;
  field: string | null;
  text: string;
  at: [number, number] | null;
  /** What kind of fault it is, null for one the pages have no words for. */
  kind: string | null;
  values: Record<string, string>;
}
export interface Loss {
  zone: string;
  standing: number;
  left_out: number;
}
export interface Version {
  id: number;
  starts_at: string;
  made_at: string;
  by: string;
  why: string;
  state: "past" | "present" | "ahead";
}
export interface DraftLine {
  id: number;
  by: string;
  base: number;
  made_at: string;
  changed_at: string;
}
export interface Draft extends DraftLine {
  former: number | null;
  revision: number;
  /** The domain moment at which it was looked at. */
  now: string;
  /** The version somebody published meanwhile. */
  overtaken: Version | null;
  features: Drawn[];
  base_features: Drawn[];
  faults: Fault[];
  losses: Loss[];
  /** Trucks in each zone as drawn. */
  inside: Record<string, number>;
  changed: string[];
}
export interface ZoneOutcome {
  zone: string;
  arrivals_before: number;
  arrivals_after: number;
  hours_before: number;
  hours_after: number;
}
export interface Stay {
  zone: string;
  entered_at: string;
  left_at: string | null;
  seen_inside: boolean;
}
export interface Outcome {
  near: number;
  played: number;
  differ: number;
  zones: ZoneOutcome[];
  trucks: { plate: string | null; before: Stay[]; after: Stay[] }[];
}
export interface Publication {
  why: string;
  starts_at?: string;
  confirmed: string[];
  backdated: boolean;
}
interface Told {
  played?: number;
  near?: number;
  outcome?: Outcome;
  error?: string;
}

const of = (draft: number): string => `/v1/zone-drafts/${draft}`;

export const listVersions = (): Promise<Version[]> => request("GET", "/v1/zone-versions");
export const getVersion = (id: number): Promise<GeoJSON.FeatureCollection<Shape>> =>
  request("GET", `/v1/zone-versions/${id}`);
export const takeBack = (id: number): Promise<void> => request("DELETE", `/v1/zone-versions/${id}`);
export const listDrafts = (): Promise<DraftLine[]> => request("GET", "/v1/zone-drafts");
export const getDraft = (id: number): Promise<Draft> => request("GET", of(id));
export const beginDraft = (key: string, version?: number): Promise<Draft> =>
  request("POST", "/v1/zone-drafts", version === undefined ? {} : { version }, once(key));
export const saveDraft = (id: number, revision: number, features: Drawn[]): Promise<Draft> =>
  request("PUT", of(id), { revision, features });
export const importZones = (id: number, revision: number, text: string): Promise<Draft> =>
  request("POST", `${of(id)}/import`, { revision, text });
export const carryOver = (id: number): Promise<Draft> => request("POST", `${of(id)}/rebase`, {});
export const discard = (id: number): Promise<void> => request("DELETE", of(id));
export const publish = (id: number, how: Publication, key: string): Promise<Version> =>
  request("POST", `${of(id)}/publish`, how, once(key));
export const cut = (geometry: Shape, line: GeoJSON.LineString): Promise<GeoJSON.Polygon[]> =>
  request("POST", "/v1/zones/split", { geometry, line });

/** Judge a past day under a draft; `onStep` hears how many of the trucks have been judged. */
export async function rehearse(
  id: number,
  day: string,
  onStep: (played: number, near: number) => void,
): Promise<Outcome> {
  const answer = await fetch(`${of(id)}/preview?day=${day}`, { cache: "no-store" });
  if (!answer.ok || !answer.body) {
    const said = (await answer.json().catch(() => ({}))) as { detail?: string };
    throw new ApiError(answer.status, said.detail ?? answer.statusText);
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new ApiError(0, "");
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told = JSON.parse(line) as Told;
      if (told.error !== undefined) throw new ApiError(429, told.error);
      if (told.outcome) return told.outcome;
      onStep(told.played ?? 0, told.near ?? 0);
    }
  }
}
