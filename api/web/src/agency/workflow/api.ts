/** What administrators ask of the server about how trucks pass. */

import { once, request } from "../../request";
import type { Direction, Names } from "../../types";
import type { Variant } from "../types";

export interface Version {
  version: string;
  valid_from: string;
  loaded_by: string;
  loaded_at: string;
  /** Trips that began by it and are still on their way. */
  running: number;
}

export interface Fault {
  text: string;
  line: number | null;
}

/** What is wrong with a text; what it says, where nothing is. */
export interface Checked {
  ok: boolean;
  problems: Fault[];
  version: string | null;
  valid_from: string | null;
  variants: Variant[];
}

export interface Switch {
  id: number;
  gate: string;
  direction: Direction;
  variant: string;
  name: Names | null;
  begins_at: string;
  ends_at: string | null;
  reason: string;
  set_by: string;
}

export interface SwitchWish {
  direction: Direction;
  variant: string;
  begins_at: string | null;
  ends_at: string | null;
  reason: string;
}

export const listVersions = (): Promise<Version[]> => request("GET", "/v1/workflows");
export const getVersion = (version: string): Promise<Version & { text: string }> =>
  request("GET", `/v1/workflows/${encodeURIComponent(version)}`);
export const check = (text: string): Promise<Checked> =>
  request("POST", "/v1/workflows/check", { text });
export const addVersion = (text: string, key: string): Promise<Version> =>
  request("POST", "/v1/workflows", { text }, once(key));
export const listSwitches = (): Promise<Switch[]> => request("GET", "/v1/handovers");
export const switchTo = (gate: string, wish: SwitchWish, key: string): Promise<Switch> =>
  request("POST", `/v1/gates/${encodeURIComponent(gate)}/handovers`, wish, once(key));
export const endSwitch = (id: number): Promise<Switch> =>
  request("POST", `/v1/handovers/${id}/end`);
