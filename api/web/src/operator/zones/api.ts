/** What the server says of drawn zones, and how it is asked. */

import { address, call, type Described } from "../../call";
import { ApiError } from "../../request";
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

/** Of a kind, but for one the pages have no words for. */
export type Fault = Required<Described<"Fault">>;
export type Loss = Described<"Loss">;
export interface Version extends Described<"VersionLine"> {
  state: "past" | "present" | "ahead";
}
export type DraftLine = Described<"DraftLine">;
export interface Draft
  extends Omit<Described<"ShownDraft">, "features" | "base_features"> {
  /** The domain moment at which it was looked at. */
  now: string;
  /** The version somebody published meanwhile. */
  overtaken: Version | null;
  features: Drawn[];
  base_features: Drawn[];
  faults: Fault[];
  /** Trucks in each zone as drawn. */
  inside: Record<string, number>;
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
export type Publication = Described<"Publication">;
interface Told {
  played?: number;
  near?: number;
  outcome?: Outcome;
  error?: string;
}

const of = (id: number): { path: { draft: number } } => ({ path: { draft: id } });
const version = (id: number): { path: { version: number } } => ({ path: { version: id } });

export const listVersions = (): Promise<Version[]> => call("GET", "/v1/zone-versions");
export const getVersion = (id: number): Promise<GeoJSON.FeatureCollection<Shape>> =>
  call("GET", "/v1/zone-versions/{version}", version(id));
export const takeBack = (id: number): Promise<void> =>
  call("DELETE", "/v1/zone-versions/{version}", version(id));
export const listDrafts = (): Promise<DraftLine[]> => call("GET", "/v1/zone-drafts");
export const getDraft = (id: number): Promise<Draft> =>
  call("GET", "/v1/zone-drafts/{draft}", of(id));
export const beginDraft = (key: string, former?: number): Promise<Draft> =>
  call("POST", "/v1/zone-drafts", { body: former === undefined ? {} : { version: former }, key });
export const saveDraft = (id: number, revision: number, features: Drawn[]): Promise<Draft> =>
  call("PUT", "/v1/zone-drafts/{draft}", { ...of(id), body: { revision, features } });
export const importZones = (id: number, revision: number, text: string): Promise<Draft> =>
  call("POST", "/v1/zone-drafts/{draft}/import", { ...of(id), body: { revision, text } });
export const carryOver = (id: number): Promise<Draft> =>
  call("POST", "/v1/zone-drafts/{draft}/rebase", of(id));
export const discard = (id: number): Promise<void> =>
  call("DELETE", "/v1/zone-drafts/{draft}", of(id));
export const publish = (id: number, body: Publication, key: string): Promise<Version> =>
  call("POST", "/v1/zone-drafts/{draft}/publish", { ...of(id), body, key });
export const cut = (geometry: Shape, line: GeoJSON.LineString): Promise<GeoJSON.Polygon[]> =>
  call("POST", "/v1/zones/split", { body: { geometry: { ...geometry }, line: { ...line } } });

/**
 * Judge a past day under a draft; `onStep` hears how many of the trucks have been judged. It comes
 * line by line, so not by `call`.
 */
export async function rehearse(
  id: number,
  day: string,
  onStep: (played: number, near: number) => void,
): Promise<Outcome> {
  const asked = address("/v1/zone-drafts/{draft}/preview", { ...of(id), query: { day } });
  const answer = await fetch(asked, { cache: "no-store" });
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
