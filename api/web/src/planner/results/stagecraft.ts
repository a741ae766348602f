/** A replication on the map: where each truck stands at a moment, and how many stand where. */

import type { Truck } from "../../operator/live";
import { pointAt } from "../../operator/traffic_lines";
import type { Site, Traffic, TruckState, Way, ZoneFeature } from "../../types";
import type { TruckColumns } from "../types";
import { isExport, spanOf, type Standing, standing } from "./journeys";
import { seated, spotsIn } from "./spots";

type Road = Traffic["ways"][number];

const STATE: Partial<Record<Standing, TruckState>> = {
  yard: "staged",
  road: "released",
  queue: "queued",
  lane: "in_lane",
};
/** Trucks queue in two rows, 20 m each. */
const PLACE_M = 10;

/** How many stand where: by gate on the road, in the queue, in the lane and gone; by yard in it. */
export interface Counts {
  gates: Record<string, Record<"road" | "queue" | "imports" | "lane" | "cleared", number>>;
  yards: Record<string, number>;
  turned: number;
}

export interface Moment {
  trucks: Truck[];
  counts: Counts;
}

export class Played {
  readonly first: number;
  readonly last: number;
  private readonly seats = new Map<number, GeoJSON.Position>();
  private readonly lanes = new Map<number, GeoJSON.Position>();
  private readonly roads = new Map<string, Road>();
  /** Trucks in the order in which they come to their gate. */
  private readonly order: number[];
  /** By gate from its first to its last screening. */
  private readonly hours = new Map<number, [number, number]>();

  constructor(
    private readonly trucks: TruckColumns,
    site: Site,
    ways: readonly Way[],
    traffic: Traffic,
  ) {
    [this.first, this.last] = spanOf(trucks);
    for (const way of ways) {
      const road = traffic.ways.find(({ id }) => id === way.id);
      if (way.gate !== null && road) this.roads.set(`${way.yard} ${way.gate}`, road);
    }
    this.order = trucks.gate
      .map((_, i) => i)
      .sort((a, b) => (trucks.gate_at[a] ?? Infinity) - (trucks.gate_at[b] ?? Infinity));
    for (const zone of site.zones.features) this.seat(zone);
    trucks.start_at.forEach((start, i) => {
      if (start === null) return;
      const gate = trucks.gate[i] ?? -1;
      const [from, until] = this.hours.get(gate) ?? [start, start];
      const end = trucks.clear_at[i] ?? start;
      this.hours.set(gate, [Math.min(from, start), Math.max(until, end)]);
    });
  }

  /** Give places in a zone to who will stand there: in yards, lanes, and beyond the gate. */
  private seat(zone: ZoneFeature): void {
    const { id, role, gate } = zone.properties;
    const { trucks, last } = this;
    const all = trucks.gate.map((_, i) => i);
    if (role === "yard") {
      const yard = trucks.yards.indexOf(id);
      const own = all.filter((i) => isExport(trucks, i) && trucks.yard[i] === yard);
      this.place(zone, own, "yard_at", (i) => trucks.left_at[i] ?? trucks.turned_at[i] ?? last, this.seats);
    } else if (role === "lane" || role === "beyond") {
      const at = trucks.gates.indexOf(gate ?? "");
      const own = all.filter((i) => trucks.gate[i] === at && (role === "lane" || !isExport(trucks, i)));
      if (role === "lane") {
        this.place(zone, own, "start_at", (i) => trucks.clear_at[i] ?? last, this.lanes);
      } else {
        this.place(zone, own, "gate_at", (i) => trucks.start_at[i] ?? last, this.seats);
      }
    }
  }

  private place(
    zone: ZoneFeature,
    own: number[],
    from: "yard_at" | "start_at" | "gate_at",
    until: (i: number) => number,
    seats: Map<number, GeoJSON.Position>,
  ): void {
    const stays = own.flatMap((truck) => {
      const begin = this.trucks[from][truck] ?? null;
      return begin === null ? [] : [{ truck, from: begin, until: until(truck) }];
    });
    const { seat, seats: most } = seated(stays);
    const spots = spotsIn(zone, most);
    for (const [truck, at] of seat) {
      const spot = spots[at % Math.max(1, spots.length)];
      if (spot) seats.set(truck, spot);
    }
  }

  /** The gates that screened somebody before a moment and will again: as far as is seen, open. */
  isOpen(moment: number): ReadonlySet<string> {
    const open = this.trucks.gates.filter((_, gate) => {
      const [from, until] = this.hours.get(gate) ?? [Infinity, -Infinity];
      return from <= moment && moment <= until;
    });
    return new Set(open);
  }

  at(moment: number): Moment {
    const { trucks } = this;
    const counts = this.nobody();
    const drawn: Truck[] = [];
    const queued = new Map<string, number>();
    for (const i of this.order) {
      const where = standing(trucks, i, moment);
      const gate = trucks.gates[trucks.gate[i] ?? -1] ?? "";
      const yard = trucks.yards[trucks.yard[i] ?? -1] ?? "";
      count(counts, trucks, i, { where, gate, yard, moment });
      const state = STATE[where];
      if (!state) continue;
      const spot = this.spot(i, where, gate, yard, moment, queued);
      if (spot) drawn.push(truckAt(i, spot, state, moment, gate));
    }
    return { trucks: drawn, counts };
  }

  private spot(
    i: number,
    where: Standing,
    gate: string,
    yard: string,
    moment: number,
    queued: Map<string, number>,
  ): GeoJSON.Position | null {
    if (where === "yard") return this.seats.get(i) ?? null;
    if (where === "lane") return this.lanes.get(i) ?? null;
    if (!isExport(this.trucks, i)) return this.seats.get(i) ?? null;
    const road = this.roads.get(`${yard} ${gate}`);
    if (!road) return null;
    const stop = road.stop_m ?? road.starts_m.at(-1) ?? 0;
    if (where === "queue") {
      const rank = queued.get(gate) ?? 0;
      queued.set(gate, rank + 1);
      return pointAt(road, Math.max(0, stop - PLACE_M * rank));
    }
    const left = this.trucks.left_at[i] ?? moment;
    const comes = this.trucks.gate_at[i] ?? null;
    // Who never comes to the gate is on its way to it until the day ends.
    const share = comes === null ? 0.5 : (moment - left) / Math.max(1, comes - left);
    const tail = Math.min(stop, PLACE_M * (queued.get(gate) ?? 0));
    return pointAt(road, share * (stop - tail));
  }

  private nobody(): Counts {
    const none = (): Counts["gates"][string] => ({ road: 0, queue: 0, imports: 0, lane: 0, cleared: 0 });
    return {
      gates: Object.fromEntries(this.trucks.gates.map((id) => [id, none()])),
      yards: Object.fromEntries(this.trucks.yards.map((id) => [id, 0])),
      turned: 0,
    };
  }
}

interface Where {
  where: Standing;
  gate: string;
  yard: string;
  moment: number;
}

function count(counts: Counts, trucks: TruckColumns, i: number, { where, gate, yard, moment }: Where): void {
  const at = counts.gates[gate];
  if (where === "yard") counts.yards[yard] = (counts.yards[yard] ?? 0) + 1;
  if (!at) return;
  if (where === "road" || where === "lane") at[where] += 1;
  if (where === "queue") at[isExport(trucks, i) ? "queue" : "imports"] += 1;
  if (where !== "gone") return;
  const turned = trucks.turned_at[i] ?? Infinity;
  if (turned <= moment) counts.turned += 1;
  else at.cleared += 1;
}

function truckAt(
  id: number,
  [lon = 0, lat = 0]: GeoJSON.Position,
  state: TruckState,
  fixedAt: number,
  gate: string,
): Truck {
  return {
    id, lon, lat, state, fixedAt, gate,
    plate: "", heading: null, speed: null, slot: null, held: false, alarmed: false, byHand: false,
  };
}
