/** What the middle of the console may show, and what may be opened over it. */

import type { Session } from "../types";

export const VIEWS = ["map", "corridor", "zones"] as const;
export type View = (typeof VIEWS)[number];

export const DESKS = ["alerts", "acts", "messages"] as const;
export type Desk = (typeof DESKS)[number];

/** Planners look at gates and trucks; what is done about them is not theirs. */
export const watches = (session: Session): boolean => session.role !== "planner";

/** The right without which a view or a desk is of no use to somebody. */
const NEEDED: Record<View | Desk, string> = {
  map: "see_map",
  corridor: "see_corridor",
  zones: "zones",
  alerts: "see_alerts",
  acts: "see_acts",
  messages: "see_messages",
};
const offered = <T extends View | Desk>(all: readonly T[], session: Session): readonly T[] =>
  all.filter((one) => session.permissions.includes(NEEDED[one]));

export const viewsOf = (session: Session): readonly View[] => offered(VIEWS, session);
export const desksOf = (session: Session): readonly Desk[] => offered(DESKS, session);
