/** What the page shows, by the part of its address after "#": a view, or one trip. */

import { signal } from "@preact/signals";
import type { Session } from "../types";

export const VIEWS = ["work", "fees", "conflicts", "appeals", "crossings", "reports", "workflow"] as const;
export type View = (typeof VIEWS)[number];
export type Place = { view: View } | { trip: number };

/** The right without which a view is of no use to somebody. */
const NEEDED: Record<View, string> = {
  work: "work",
  fees: "fees",
  conflicts: "conflicts",
  appeals: "appeals",
  crossings: "crossings",
  reports: "reports",
  workflow: "workflow",
};

export function viewsOf(session: Session): readonly View[] {
  return VIEWS.filter((one) => session.permissions.includes(NEEDED[one]));
}

function placeOfAddress(): Place {
  const [, trip] = /^#trip=(\d+)$/.exec(location.hash) ?? [];
  if (trip !== undefined) return { trip: Number(trip) };
  return { view: VIEWS.find((one) => location.hash === `#${one}`) ?? "work" };
}

export const place = signal<Place>(placeOfAddress());
addEventListener("hashchange", () => {
  place.value = placeOfAddress();
});

export const show = (view: View): void => {
  location.hash = view;
};
/** A trip's page: the browser's way back leads to where it was opened. */
export const open = (trip: number): void => {
  location.hash = `trip=${trip}`;
};
