/** What the server says of a trip's past, and of trips that were searched for. */

import type { Described } from "../call";
import type { Collection, Direction, Names, ZoneRole } from "../types";

export interface FoundTrip extends Described<"FoundTrip"> {
  state: "active" | "cleared" | "cancelled";
  direction: Direction;
  /** What it was found by. */
  by: "code" | "phone" | "plate" | "declaration" | "convoy" | "device";
}

export interface PastVisit extends Described<"PastVisit"> {
  role: ZoneRole;
}
export type PastMessage = Described<"PastMessage">;
export interface Clearance extends Described<"Clearance"> {
  kind: Described<"Verdict">;
}
export type CarriedDevice = Described<"Carried">;

export interface Past extends Described<"Past"> {
  visits: PastVisit[];
  clearances: Clearance[];
}

export type TrackEvent = Described<"Track">["events"][number];

/** It held between epoch seconds; null: always before, always after. */
export interface TrackZone extends Described<"PastZone"> {
  role: ZoneRole;
  name: Names;
}

/** A track in columns: epoch seconds, degrees, m/s. */
export interface Track extends Omit<Described<"Track">, "zones"> {
  /** Between two points further apart than this nothing is known, seconds. */
  gap_s: number;
  zones: Collection<GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon, TrackZone>>;
}
