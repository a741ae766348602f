/** What the driver's page asks of the server. */

import type { Why } from "../order";
import { call, type Described } from "../call";
import { once, request } from "../request";
import type { DriverView, Language, Names } from "../types";

export interface FreeSlot {
  gate: string;
  gate_name: Names;
  starts_at: string;
  ends_at: string;
  free: number;
}

/** The signed pass, drawn by the server: its QR code is a path of `size` modules a side. */
export interface Pass {
  text: string;
  path: string;
  size: number;
  expires_at: string;
}

/** How this phone becomes the truck's tracker, by itself or by Traccar Client. */
export interface Tracker {
  device: string;
  url: string;
  traccar_link: string;
  qr_path: string;
  qr_size: number;
}

/** A trip that a phone's number opens. */
export interface OwnTrip {
  code: string;
  plate: string;
}

const at = (code: string): { path: { code: string } } => ({ path: { code } });

/** The trip, its messages in a language, else in the driver's own. */
export const getDriverView = (code: string, language?: Language): Promise<DriverView> =>
  call("GET", "/v1/driver/{code}", { ...at(code), query: { language: language ?? null } });
export const getDriverWhy = (code: string, language: Language): Promise<Why> =>
  call("GET", "/v1/driver/{code}/why", { ...at(code), query: { language } });
/** The same key twice acts once, however often the network made us ask. */
export const postAct = (
  code: string,
  path: string,
  body: unknown,
  key: string,
): Promise<DriverView> =>
  request("POST", `/v1/driver/${encodeURIComponent(code)}/${path}`, body, once(key));
export const listSlots = async (code: string): Promise<FreeSlot[]> =>
  (await call("GET", "/v1/driver/{code}/slots", at(code))).slots as FreeSlot[];
export const getPass = (code: string): Promise<Pass> =>
  call("GET", "/v1/driver/{code}/pass", at(code));
export const askTracker = (code: string): Promise<Tracker> =>
  call("POST", "/v1/driver/{code}/tracker", at(code));
export const postClaim = (code: string, digits?: string): Promise<{ may_act: boolean }> =>
  call("POST", "/v1/driver/{code}/claim", {
    ...at(code),
    ...(digits === undefined ? {} : { body: { code: digits } }),
  });
export const sendCode = async (code: string): Promise<void> => {
  await call("POST", "/v1/driver/{code}/code", at(code));
};
export const askLogin = async (phone: string): Promise<void> => {
  await call("POST", "/v1/driver-logins", { body: { phone } });
};
export const logIn = async (phone: string, digits: string): Promise<OwnTrip[]> =>
  (await call("POST", "/v1/driver-logins/code", { body: { phone, code: digits } })).trips;
export const putPush = (code: string, body: Described<"PushWish">): Promise<void> =>
  call("PUT", "/v1/driver/{code}/push", { ...at(code), body });
export const dropPush = (code: string): Promise<void> =>
  call("DELETE", "/v1/driver/{code}/push", at(code));
