/** What the server says, as the HTTP contract (v1) writes it. Instants are ISO 8601 text. */

import type { Described } from "./call";
import type { Missing } from "./order";

export type Language = "vi" | "zh" | "en";
export type Names = Record<Language, string>;
export type Direction = Described<"Direction">;
export type Cargo = Described<"Cargo">;
export type ZoneRole = "approach" | "yard" | "queue" | "lane" | "beyond";
export type TruckState =
  | "moving"
  | "parked"
  | "silent"
  | "staged"
  | "released"
  | "queued"
  | "in_lane";
export type Stage =
  | "registered"
  | "staged"
  | "released"
  | "queued"
  | "in_lane"
  | "cleared"
  | "cancelled";
export type Role = "operator" | "officer" | "planner" | "haulier" | "administrator";

/** Who is signed in; `permissions` are the rights that pages offer something for. */
export interface Session extends Described<"Who"> {
  role: Role;
  /** The site's: pages say moments in it, wherever the browser is. */
  timezone: string;
  /** Whether codes of an authenticator are asked for, and whether one must be set up first. */
  authenticator: boolean;
  must_enrol: boolean;
  /** When and where from the account was opened before this; only in the answer to signing in. */
  last: Described<"Last"> | null;
}

export interface ZoneProperties {
  id: string;
  name: Names;
  role: ZoneRole;
  gate: string | null;
  capacity: number | null;
}

export type ZoneFeature = GeoJSON.Feature<GeoJSON.Polygon | GeoJSON.MultiPolygon, ZoneProperties>;
export type RoadFeature = GeoJSON.Feature<GeoJSON.LineString, { id: string; name?: Names | string }>;

export interface Collection<F> {
  type: "FeatureCollection";
  features: F[];
}

export interface SiteGate extends Described<"SiteGate"> {
  name: Names;
  directions: Direction[];
}

export interface SiteYard extends Described<"SiteYard"> {
  name: Names;
}

export interface Site extends Omit<Described<"ShownSite">, "zones" | "roads"> {
  name: Names;
  /** Of the other side of the border, where its clocks differ. */
  other_timezone: string | null;
  zones: Collection<ZoneFeature>;
  roads: Collection<RoadFeature>;
  gates: SiteGate[];
  yards: SiteYard[];
  /** How far the inner and the outer boundary of every zone lie from its outline, metres. */
  buffers: { inner: number; outer: number };
}

/** Columns of one length; after the first event only the trucks that changed. */
export interface TruckColumns {
  id: number[];
  plate: string[];
  lon: number[];
  lat: number[];
  heading: (number | null)[];
  /** metres a second */
  speed: (number | null)[];
  state: TruckState[];
  /** epoch seconds */
  fixed_at: number[];
  gate: (string | null)[];
  /** epoch seconds */
  slot: (number | null)[];
  held?: boolean[];
  alarmed?: boolean[];
  by_hand?: boolean[];
}

export interface YardLive {
  id: string;
  occupancy: number;
  capacity: number;
  /** Over the last hour. */
  entered: number;
  left: number;
  /** In the yard, with a slot that begins within half an hour or has begun. */
  due: number;
}

export interface SlotLoad {
  starts_at: string;
  planned: number;
  capacity: number;
}

export interface Cleared {
  export: number;
  import: number;
}

/** How a gate works against what it usually does, as found from what passes. */
export type GateMode = "normal" | "reduced" | "stopped" | "recovering" | "unknown";

export interface GateLive {
  id: string;
  open: boolean;
  state: GateMode;
  state_since: string | null;
  queued: number;
  in_lane: number;
  in_transit: number;
  n_target: number | null;
  capacity_per_h: number | null;
  capacity_low: number | null;
  capacity_high: number | null;
  waiting: number;
  cleared: Cleared;
  wait_s: number | null;
  /** From the stop line back to the last truck of the queue; absent where nobody has measured. */
  queue_tail_m?: number | null;
  queue_trucks?: number | null;
  /** Trucks in yards by cargo, and how many of them are to go within half an hour. */
  waiting_of: Partial<Record<Cargo, number>>;
  due: number;
  slots: SlotLoad[];
}

/** A corridor to a yard, or (with a gate) the road from a yard through it. */
export type Way = Described<"ShownWay">;

/** How traffic stands, by stretch of every way: from `starts_m[i]` to `starts_m[i + 1]`. */
export interface Traffic {
  ways: {
    id: string;
    gate: string | null;
    starts_m: number[];
    /** Where stretches begin and the last one ends. */
    lon: number[];
    lat: number[];
    /** Where trucks stop for the gate, in metres along the way; null for a corridor. */
    stop_m: number | null;
    nominal_kmh: number[];
    live_kmh: (number | null)[];
  }[];
  gates: { id: string; tail_m: number | null; trucks: number | null }[];
}

/** A truck's line: `s` seconds after `since`, `m` metres to the way's end; it may have no trip. */
export type TruckLine = Described<"DrivenLine">;

/** Lines of trucks, and how many trucks there are; `elsewhere` of them are bound elsewhere. */
export type Spacetime = Described<"Spacetime">;

export interface Live {
  at: string;
  /** Whether what is not in it is not there; else it tells what changed. */
  full: boolean;
  trucks: TruckColumns;
  gone?: number[];
  yards: YardLive[];
  gates: GateLive[];
  /** How many nobody has looked at. */
  alerts: number;
  marks?: Marks;
}

/** Each changes when the list of that name has changed; what it says means nothing else. */
export type Marks = Record<"closures" | "acts" | "alerts" | "messages" | "zones", string>;

export type Judgement = Described<"Judgement">["state"];
export type Severity = "low" | "medium" | "high";
export type AlertState = "open" | Judgement;

export interface Alert extends Described<"AlertAnswer"> {
  kind: Described<"Kind">;
  severity: Severity;
  state: AlertState;
  /** The gate or yard it is about, where it is about one. */
  place: string | null;
  /** Since when what it says holds no more. */
  over_at: string | null;
  /** When it sounds again, if it still holds and nobody looks into it. */
  escalates_at: string | null;
}

/** What somebody did about an alert. */
export type AlertDeed = Judgement | "assigned" | "given_back" | "snoozed" | "taken_up";

export interface AlertDetail extends Alert {
  points: {
    features: { geometry: { coordinates: [number, number] }; properties: Described<"Found"> }[];
  };
  decisions: { state: AlertDeed; note: string; by: string; at: string }[];
}

export type SlotWindow = Described<"Window">;

export interface Trip extends Described<"TripAnswer"> {
  language: Language;
  direction: Direction;
  cargo: Cargo;
  stage: Stage;
  /** The kind of bay it must be screened in. */
  needs: string | null;
  /** From when its place would count if an operator accepted its new device. */
  regains_at: string | null;
  /** It stands in its yard by an operator's word. */
  by_hand?: boolean;
  /** Its device is marked as faulty, and not believed. */
  device_faulty?: boolean;
  /** False where its driver gave no number, and hears nothing by SMS. */
  has_number?: boolean;
  /** The number of the customs declaration, or what papers name the journey by. */
  declaration?: string | null;
  returns_within_h: number | null;
  /** Of a trip asked for alone; null where nothing can be expected. */
  eta: TripEta | null;
}

/** When a truck is expected at a yard, or at a gate's inspection places. */
export type TripEta = Described<"EtaAnswer">;

export interface BoardGate {
  id: string;
  name: Names;
  open: boolean;
  next_change_at: string | null;
  windows: { opens_at: string; closes_at: string }[];
  closures: { starts_at: string; ends_at: string | null; places_left: number }[];
  waiting: number;
  on_the_way: number;
  queued: number;
  /** None where nobody can say; the share is of the last week, null while too few trucks came. */
  wait: {
    from_s: number;
    expected_s: number;
    to_s: number;
    held_n: number;
    held_share: number | null;
    held_days: number;
  } | null;
  cleared_today: Cleared;
  overtakes_today: Record<string, number>;
}

export interface Board {
  at: string;
  site: { id: string; name: Names; timezone: string };
  gates: BoardGate[];
  yards: { id: string; name: Names; occupancy: number; capacity: number }[];
  ledger: { seq: number; code: string; hash: string; at: string } | null;
  /** How old the figures are where a store does not answer, seconds. */
  stale_s: number | null;
}

export type MessageKind =
  | "registered"
  | "slot"
  | "slot_changed"
  | "call_up"
  | "move_up"
  | "no_show"
  | "call_over"
  | "penalty"
  | "barred"
  | "penalty_lifted"
  | "hold"
  | "stay"
  | "depart"
  | "no_slot"
  | "cancelled"
  | "passed"
  | "desk";

interface Place {
  id: string;
  name: Names;
}

/** An advice stands in place of the slot. */
export interface DriverView extends Omit<Described<"DriverView">, "moves_left" | "waits"> {
  language: Language;
  state: Stage;
  gate: Place | null;
  yard: Place | null;
  /** Its gate and its yard where the site has them no more, and what comes in their stead. */
  gone: { what: "gate" | "yard"; place: Place; next: Place | null }[];
  messages: { kind: MessageKind; at: string; text: string }[];
  /** Before when no slot was asked for; null where another one was chosen since. */
  extended_until: string | null;
  /** Where more time may be asked for: the slot would begin no sooner. */
  not_before: string | null;
  /** How often today the slot may still be moved at the driver's wish; not in views kept from before. */
  moves_left?: number;
  /** Whether the slot told last was accepted, and whether it may be. */
  accepted: boolean;
  may_accept: boolean;
  /** When the driver said to come, where that is after the slot's beginning. */
  late_until: string | null;
  /** Whether any browser claimed the link, and whether this one may act by it. */
  claimed: boolean;
  may_act: boolean;
  /** What tells the truck's place: a device of its own, the driver's phone, or nothing. */
  tracker: "device" | "phone" | null;
  yards_now: (Described<"YardNow"> & { name: Names })[];
  /** Of the other side of the border, where its clocks differ. */
  other_timezone: string | null;
  /** What a browser subscribes to pushed messages with (VAPID). */
  push_key: string | null;
  /** What an agency can confirm now and that stands in its way; not in views kept from before. */
  waits?: Missing[];
}

/** Longitude and latitude, WGS 84. */
export type Point = [number, number];
