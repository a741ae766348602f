/** What administrators ask of the server about how trucks pass. */

import { call, type Described } from "../../call";
import type { Direction } from "../../types";
import type { Variant } from "../types";

/** `running`: trips that began by it and are still on their way. */
export type Version = Described<"ShownVersion">;

/** What is wrong with a text; what it says, where nothing is. */
export interface Checked extends Described<"api__workflows__Checked"> {
  variants: Variant[];
}

export interface Switch extends Described<"ShownSwitch"> {
  direction: Direction;
}
export type SwitchWish = Described<"NewSwitch">;

export const listVersions = (): Promise<Version[]> => call("GET", "/v1/workflows");
export const getVersion = (version: string): Promise<Described<"VersionText">> =>
  call("GET", "/v1/workflows/{version}", { path: { version } });
export const check = (text: string): Promise<Checked> =>
  call("POST", "/v1/workflows/check", { body: { text } });
/** Sent again it is shown as it was entered. */
export const addVersion = (text: string): Promise<Version> =>
  call("POST", "/v1/workflows", { body: { text } });
export const listSwitches = (): Promise<Switch[]> => call("GET", "/v1/handovers");
export const switchTo = (gate: string, body: SwitchWish, key: string): Promise<Switch> =>
  call("POST", "/v1/gates/{gate}/handovers", { path: { gate }, body, key });
export const endSwitch = (switch_id: number): Promise<Switch> =>
  call("POST", "/v1/handovers/{switch_id}/end", { path: { switch_id } });
