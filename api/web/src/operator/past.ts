/** What the server says of a trip's past, and of trips that were searched for. */

import type { Collection, Names, ZoneRole } from "../types";

export interface FoundTrip {
  id: number;
  plate: string;
  state: "active" | "cleared" | "cancelled";
  direction: "export" | "import";
  gates: string[];
  registered_at: string;
  ended_at: string | null;
  convoy: string | null;
  declaration: string | null;
  device: string | null;
  /** What it was found by. */
  by: "code" | "phone" | "plate" | "declaration" | "convoy" | "device";
}

export interface PastVisit {
  zone: string;
  role: ZoneRole;
  gate: string | null;
  entered_at: string;
  left_at: string | null;
  counts_at: string;
  seen_inside: boolean;
  revised: number;
  device: string;
}

export interface PastMessage {
  id: number;
  kind: string;
  state: string;
  created_at: string;
  sent_at: string | null;
  delivery: string | null;
  trouble: string | null;
}

export interface Clearance {
  gate: string;
  kind: "admitted" | "refused" | "early" | "late";
  reason: string | null;
  at: string;
  decided_by: string;
}

export interface CarriedDevice {
  device: string;
  since: string;
  until: string | null;
  is_primary: boolean;
  seen_at: string | null;
  fault: string | null;
  fault_since: string | null;
}

export interface Past {
  visits: PastVisit[];
  messages: PastMessage[];
  clearances: Clearance[];
  devices: CarriedDevice[];
}

export interface TrackEvent {
  at: string;
  what: string;
  place: string | null;
}

export interface TrackZone {
  id: string;
  role: ZoneRole;
  gate: string | null;
  name: Names;
  /** Epoch seconds; null: always before, always after. */
  valid_from: number | null;
  valid_until: number | null;
}

/** A track in columns: epoch seconds, degrees, m/s. */
export interface Track {
  since: string;
  until: string;
  /** Between two points further apart than this nothing is known, seconds. */
  gap_s: number;
  at: number[];
  lon: number[];
  lat: number[];
  speed: (number | null)[];
  events: TrackEvent[];
  zones: Collection<GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon, TrackZone>>;
}
