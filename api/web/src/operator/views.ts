/** What the middle of the console may show, and what may be opened over it. */

import type { Session } from "../types";

export const VIEWS = ["map", "corridor", "zones"] as const;
export type View = (typeof VIEWS)[number];

export const DESKS = ["alerts", "acts", "messages"] as const;
export type Desk = (typeof DESKS)[number];

/** Planners look at gates and trucks; what is done about them is not theirs. */
export const watches = (session: Session): boolean => session.role !== "planner";

export const viewsOf = (session: Session): readonly View[] =>
  watches(session) ? VIEWS : VIEWS.filter((view) => view !== "zones");
export const desksOf = (session: Session): readonly Desk[] => (watches(session) ? DESKS : []);
