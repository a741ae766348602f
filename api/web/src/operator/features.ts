/** The live picture as GeoJSON. */

import { nameOf, t } from "../language";
import { wholeNumber } from "../time";
import type { Collection, GateLive, Site, YardLive, ZoneFeature } from "../types";
import type { Truck } from "./live";

type Bounds = [number, number, number, number];

/** What the map says of places: which gates are open, and how full the yards are. */
export interface Loads {
  gates: Pick<GateLive, "id" | "open">[];
  yards: Pick<YardLive, "id" | "occupancy" | "capacity">[];
}

/** Plates beside trucks, for the few that are looked at closely. */
export function plateFeatures(trucks: Iterable<Truck>): GeoJSON.FeatureCollection<GeoJSON.Point> {
  const features: GeoJSON.Feature<GeoJSON.Point>[] = [];
  for (const truck of trucks) {
    features.push({
      type: "Feature",
      geometry: { type: "Point", coordinates: [truck.lon, truck.lat] },
      properties: { plate: truck.held ? `${truck.plate} · ${t("state.held")}` : truck.plate },
    });
  }
  return { type: "FeatureCollection", features };
}

function positions(geometry: ZoneFeature["geometry"]): GeoJSON.Position[] {
  return geometry.type === "Polygon" ? geometry.coordinates.flat() : geometry.coordinates.flat(2);
}

export function boundsOf(zones: Iterable<ZoneFeature>): Bounds {
  const bounds: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  for (const zone of zones) {
    for (const [lon = NaN, lat = NaN] of positions(zone.geometry)) {
      bounds[0] = Math.min(bounds[0], lon);
      bounds[1] = Math.min(bounds[1], lat);
      bounds[2] = Math.max(bounds[2], lon);
      bounds[3] = Math.max(bounds[3], lat);
    }
  }
  return bounds;
}

function middle(zone: ZoneFeature): GeoJSON.Position {
  const [west, south, east, north] = boundsOf([zone]);
  return [(west + east) / 2, (south + north) / 2];
}

function halfWidth(zone: ZoneFeature): number {
  const [west, , east] = boundsOf([zone]);
  return (east - west) / 2;
}

function place(
  zone: ZoneFeature,
  properties: Record<string, unknown>,
): GeoJSON.Feature<GeoJSON.Point> {
  return { type: "Feature", geometry: { type: "Point", coordinates: middle(zone) }, properties };
}

/** Names of gates and yards, with what stands there now. */
export function placeFeatures(
  site: Site,
  picture: Loads | null,
): GeoJSON.FeatureCollection<GeoJSON.Point> {
  const features: GeoJSON.Feature<GeoJSON.Point>[] = [];
  for (const zone of site.zones.features) {
    const { id, role, gate } = zone.properties;
    if (role === "lane") {
      const known = site.gates.find((one) => one.id === gate);
      const open = picture?.gates.find((one) => one.id === gate)?.open ?? false;
      if (known) {
        const label = nameOf(known.name);
        features.push(place(zone, { kind: "gate", label, open, reach: 0, order: 0 }));
      }
    } else if (role === "yard") {
      const yard = picture?.yards.find((one) => one.id === id);
      const count = yard ? `\n${wholeNumber(yard.occupancy)} / ${wholeNumber(yard.capacity)}` : "";
      const label = nameOf(zone.properties.name) + count;
      features.push(place(zone, { kind: "yard", label, reach: halfWidth(zone), order: 1 }));
    }
  }
  return { type: "FeatureCollection", features };
}

export function roadFeatures(site: Site): GeoJSON.FeatureCollection {
  return {
    type: "FeatureCollection",
    features: site.roads.features.map((road) => ({
      ...road,
      properties: {
        ...road.properties,
        label: typeof road.properties.name === "object" ? nameOf(road.properties.name) : "",
      },
    })),
  };
}

export const withoutApproaches = (zones: Collection<ZoneFeature>): ZoneFeature[] =>
  zones.features.filter((zone) => zone.properties.role !== "approach");
