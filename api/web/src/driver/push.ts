/** Messages pushed to this browser beside the SMS, and the worker that shows them. */

import { signal } from "@preact/signals";
import type { Described } from "../call";
import { dropPush, putPush } from "./api";
import { code } from "./view";

const KEPT = `flowctl.push.${code}`;

export const pushed = signal<"off" | "on" | "denied">(
  localStorage.getItem(KEPT) === "on" ? "on" : "off",
);

export const canPush = (): boolean =>
  "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

export async function startPush(publicKey: string): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") {
    pushed.value = "denied";
    return;
  }
  const { pushManager } = await navigator.serviceWorker.ready;
  const subscription = await pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  await putPush(code, subscription.toJSON() as PushSubscriptionJSON & Described<"PushWish">);
  localStorage.setItem(KEPT, "on");
  pushed.value = "on";
}

export async function stopPush(): Promise<void> {
  const { pushManager } = await navigator.serviceWorker.ready;
  await (await pushManager.getSubscription())?.unsubscribe();
  await dropPush(code);
  localStorage.removeItem(KEPT);
  pushed.value = "off";
}
