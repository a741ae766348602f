/** How the session of this page came to its end, once the server has said so. */

import { signal } from "@preact/signals";
import { SESSION_OVER } from "../../request";

export const sessionOver = signal<"ended" | "expired" | null>(null);

addEventListener(SESSION_OVER, (event) => {
  sessionOver.value = (event as CustomEvent<"ended" | "expired">).detail;
});
