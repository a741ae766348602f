/** What the driver's page asks of the server. */

import { call, type Described } from "../call";
import type { Why } from "../order";
import type { DriverView, Language, Names } from "../types";

/** A slot that may be chosen instead. */
export interface FreeSlot extends Described<"FreeSlot"> {
  gate_name: Names;
}

/** The signed pass, drawn by the server: its QR code is a path of `size` modules a side. */
export type Pass = Described<"PassAnswer">;

/** How this phone becomes the truck's tracker, by itself or by Traccar Client. */
export type Tracker = Described<"TrackerAnswer">;

/** A trip that a phone's number opens. */
export type OwnTrip = Described<"OpenTrip">;

/** What a driver may say, and with what. */
export type Saying =
  | { kind: "accept" | "cancel" | "extension"; body?: undefined }
  | { kind: "late"; body: Described<"Lateness"> }
  | { kind: "slot"; body: Described<"ChosenSlot"> }
  | { kind: "standby"; body: Described<"StandbyWish"> };

const at = (code: string): { path: { code: string } } => ({ path: { code } });

/** The trip, its messages in a language, else in the driver's own. */
export const getDriverView = (code: string, language?: Language): Promise<DriverView> =>
  call("GET", "/v1/driver/{code}", { ...at(code), query: { language: language ?? null } });
export const getDriverWhy = (code: string, language: Language): Promise<Why> =>
  call("GET", "/v1/driver/{code}/why", { ...at(code), query: { language } });
/** The same key twice acts once, however often the network made us ask. */
export const postAct = (
  code: string,
  { kind, body }: Saying,
  key: string,
): Promise<DriverView> => {
  switch (kind) {
    case "late":
      return call("POST", "/v1/driver/{code}/late", { ...at(code), body, key });
    case "slot":
      return call("POST", "/v1/driver/{code}/slot", { ...at(code), body, key });
    case "standby":
      return call("POST", "/v1/driver/{code}/standby", { ...at(code), body, key });
    default:
      return call("POST", `/v1/driver/{code}/${kind}`, { ...at(code), key });
  }
};
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
