/**
 * What the driver said on this phone until the server has taken it: kept on disk, sent in order,
 * each with a key of its own so that none counts twice. Runs in the page and in its service worker.
 */

import { ApiError } from "../request";
import type { DriverView } from "../types";
import { getDriverView, postAct, type Saying } from "./api";
import { alone, forget, keep, listKept, type RowKey } from "./store";

export type ActKind = Saying["kind"];

/** What the server said no to, until the driver has read it. */
export interface Refusal {
  status: number;
  /** The server's sentence; empty where the page knows better words. */
  detail: string;
  type: string;
}

export type Act = Saying & {
  key?: RowKey;
  id: string;
  code: string;
  /** Wall moment it was said, epoch ms. */
  at: number;
  /** Start of the slot the driver saw then. */
  about: string | null;
  refused?: Refusal;
};

/** The slot is no longer the one the driver spoke of. */
export const MOVED = "urn:flowctl:moved";

/** Acts that speak of the slot the driver saw: of another one they would say what was not meant. */
const OF_A_SLOT: readonly ActKind[] = ["accept", "late", "extension"];
/** An act that waited longer is first held against the slot as it is now, ms. */
const SLOT_HOLDS_MS = 20_000;

export const listActs = async (code: string): Promise<Act[]> =>
  (await listKept<Act>("acts")).filter((act) => act.code === code);

export const say = (act: Act): Promise<unknown> => keep("acts", act);

export const unsay = (act: Act): Promise<unknown> =>
  forget("acts", act.key === undefined ? [] : [act.key]);

/** May the same request be answered otherwise when it is made again? */
function passing({ status }: ApiError): boolean {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

async function send(act: Act): Promise<DriverView> {
  if (OF_A_SLOT.includes(act.kind) && Date.now() - act.at > SLOT_HOLDS_MS) {
    const { slot } = await getDriverView(act.code);
    if ((slot?.starts_at ?? null) !== act.about) throw new ApiError(409, "", MOVED);
  }
  return postAct(act.code, act, act.id);
}

/** Send what waits, in its order, until something has to wait on; `heard` gets every answer. */
export function flush(heard: (view: DriverView, code: string) => unknown): Promise<void> {
  return alone("flowctl.acts", async () => {
    for (const act of await listKept<Act>("acts")) {
      if (act.refused) continue;
      try {
        const view = await send(act);
        await unsay(act);
        await heard(view, act.code);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (passing(error)) return;
        const { status, type, message } = error;
        await keep("acts", { ...act, refused: { status, type, detail: message } });
      }
    }
  });
}
