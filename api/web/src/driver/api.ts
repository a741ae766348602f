/** What the driver's page asks of the server. */

import type { Why } from "../order";
import { request } from "../request";
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

const at = (code: string): string => `/v1/driver/${encodeURIComponent(code)}`;

/** The trip, its messages in a language, else in the driver's own. */
export const getDriverView = (code: string, language?: Language): Promise<DriverView> =>
  request("GET", at(code) + (language === undefined ? "" : `?language=${language}`));
export const getDriverWhy = (code: string, language: Language): Promise<Why> =>
  request("GET", `${at(code)}/why?language=${language}`);
/** The same key twice acts once, however often the network made us ask. */
export const postAct = (
  code: string,
  path: string,
  body: unknown,
  key: string,
): Promise<DriverView> => request("POST", `${at(code)}/${path}`, body, { "Idempotency-Key": key });
export const listSlots = async (code: string): Promise<FreeSlot[]> =>
  (await request<{ slots: FreeSlot[] }>("GET", `${at(code)}/slots`)).slots;
export const getPass = (code: string): Promise<Pass> => request("GET", `${at(code)}/pass`);
export const askTracker = (code: string): Promise<Tracker> => request("POST", `${at(code)}/tracker`);
export const postClaim = (code: string, digits?: string): Promise<{ may_act: boolean }> =>
  request("POST", `${at(code)}/claim`, digits === undefined ? undefined : { code: digits });
export const sendCode = (code: string): Promise<void> => request("POST", `${at(code)}/code`);
export const askLogin = (phone: string): Promise<void> =>
  request("POST", "/v1/driver-logins", { phone });
export const logIn = async (phone: string, digits: string): Promise<OwnTrip[]> =>
  (await request<{ trips: OwnTrip[] }>("POST", "/v1/driver-logins/code", { phone, code: digits }))
    .trips;
export const putPush = (code: string, subscription: PushSubscriptionJSON): Promise<void> =>
  request("PUT", `${at(code)}/push`, {
    endpoint: subscription.endpoint,
    keys: subscription.keys,
  });
export const dropPush = (code: string): Promise<void> => request("DELETE", `${at(code)}/push`);
