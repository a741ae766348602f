/** Which part of the page is shown: it stands in the address, so that a reload comes back to it. */

import { useEffect, useState } from "preact/hooks";

export type View =
  | { at: "trips" }
  | { at: "import" }
  | { at: "appeals" }
  /** A form: of a draft, filled in from a trip or from a template. */
  | { at: "draft"; id: string; from: { trip: number } | { template: string } | null }
  | { at: "trip"; id: number };

const TRIP = /^#trip\/(\d+)$/;
const DRAFT = /^#draft\/([\da-f-]{36})(?:\/(trip|template)\/(.+))?$/;

export function viewOf(hash: string): View {
  const trip = TRIP.exec(hash)?.[1];
  if (trip) return { at: "trip", id: Number(trip) };
  const [, id, kind, what] = DRAFT.exec(hash) ?? [];
  if (id) return { at: "draft", id, from: source(kind, what) };
  if (hash === "#import") return { at: "import" };
  if (hash === "#appeals") return { at: "appeals" };
  return { at: "trips" };
}

function source(kind: string | undefined, what: string | undefined) {
  if (what === undefined) return null;
  return kind === "trip" ? { trip: Number(what) } : { template: decodeURIComponent(what) };
}

export function hashOf(view: View): string {
  if (view.at === "trip") return `#trip/${view.id}`;
  if (view.at !== "draft") return `#${view.at}`;
  if (view.from === null) return `#draft/${view.id}`;
  return "trip" in view.from
    ? `#draft/${view.id}/trip/${view.from.trip}`
    : `#draft/${view.id}/template/${encodeURIComponent(view.from.template)}`;
}

export function useView(): [View, (next: View) => void] {
  const [view, setView] = useState(() => viewOf(location.hash));
  useEffect(() => {
    const look = (): void => setView(viewOf(location.hash));
    addEventListener("hashchange", look);
    return () => removeEventListener("hashchange", look);
  }, []);
  return [view, (next) => (location.hash = hashOf(next))];
}
