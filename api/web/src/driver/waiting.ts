/** The page's side of what waits to be sent: what is shown of it, and when it is tried again. */

import { signal } from "@preact/signals";
import { type Act, flush, listActs, say, unsay } from "./acts";
import type { Saying } from "./api";
import { flushFixes } from "./share";
import { code, kept, takeAnswer } from "./view";

const RETRY_MS = 5_000;

/** Background sync, which not every browser has. */
interface WithSync extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
}

export const waiting = signal<Act[]>([]);

async function refresh(): Promise<void> {
  waiting.value = await listActs(code);
}

async function send(): Promise<void> {
  await flush(async (view, of) => {
    if (of === code) await takeAnswer(view);
  });
  await refresh();
  await flushFixes();
}

/** Say something for the trip: kept first, then sent, at once or when there is a network. */
export async function act(saying: Saying): Promise<void> {
  const about = kept.value?.view.slot?.starts_at ?? null;
  const said: Act = { ...saying, id: crypto.randomUUID(), code, at: Date.now(), about };
  waiting.value = [...waiting.value, said]; // shown from the press on, not only once it is kept
  try {
    await say(said);
  } finally {
    await refresh();
  }
  void navigator.storage?.persist?.();
  await send();
  if (waiting.value.some((one) => !one.refused)) await sendWithoutUs();
}

/** Let the service worker send what waits, should the page be closed before there is a network. */
async function sendWithoutUs(): Promise<void> {
  const worker: WithSync | undefined = await navigator.serviceWorker?.getRegistration();
  await worker?.sync?.register("acts").catch(() => undefined); // the page tries again in any case
}

export async function drop(one: Act): Promise<void> {
  await unsay(one);
  await refresh();
}

/** Send what waits now, and again until nothing does. */
export function keepSending(): () => void {
  const again = (): void => void send();
  again();
  const timer = setInterval(again, RETRY_MS);
  addEventListener("online", again);
  return () => {
    clearInterval(timer);
    removeEventListener("online", again);
  };
}
