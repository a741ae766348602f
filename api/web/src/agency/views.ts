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

/** A trip is named as this page writes it, or as the hauliers' page does. */
const TRIP = /^#trip[=/](\d{1,15})$/;

function placeOfAddress(): Place {
  const [, trip] = TRIP.exec(location.hash) ?? [];
  if (trip !== undefined) return { trip: Number(trip) };
  return { view: VIEWS.find((one) => location.hash === `#${one}`) ?? "work" };
}

export const place = signal<Place>(placeOfAddress());
addEventListener("hashchange", () => {
  place.value = placeOfAddress();
});

/** What an account is shown of a place: a view that it has not is its first one. */
export function shownTo(session: Session, wanted: Place): Place {
  const offered = viewsOf(session);
  const [first] = offered;
  if ("trip" in wanted || first === undefined || offered.includes(wanted.view)) return wanted;
  return { view: first };
}

const addressOf = (of: Place): string => ("trip" in of ? `trip=${of.trip}` : of.view);

/** Have the address name what is shown; the way back leads to where it led before. */
export function correctAddress(shown: Place): void {
  const hash = `#${addressOf(shown)}`;
  if (location.hash !== hash) history.replaceState(history.state, "", hash);
}

export const show = (view: View): void => {
  location.hash = view;
};
/** A trip's page: the browser's way back leads to where it was opened. */
export const open = (trip: number): void => {
  location.hash = addressOf({ trip });
};
