/** What the live line last said that forms of acts need: the moment, and when acts changed. */

import { signal } from "@preact/signals";
import type { Picture } from "../live";

interface Heard {
  now: Date;
  /** Changes when any act does; forms and lists ask again then. */
  acts: string | undefined;
}

export const heard = signal<Heard | null>(null);

/** Take note of a picture; whoever shows an old one keeps its moment. */
export function hear(picture: Picture | null): void {
  if (picture === null) return;
  heard.value = { now: new Date(picture.at), acts: picture.marks?.acts };
}
