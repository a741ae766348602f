/** Places for trucks inside a zone's outline, and who has which. */

import type { ZoneFeature } from "../../types";

type Ring = readonly GeoJSON.Position[];

function outline({ geometry }: ZoneFeature): Ring {
  return (geometry.type === "Polygon" ? geometry.coordinates[0] : geometry.coordinates[0]?.[0]) ?? [];
}

function isInside(ring: Ring, lon: number, lat: number): boolean {
  let inside = false;
  ring.forEach(([x0 = 0, y0 = 0], k) => {
    const [x1 = 0, y1 = 0] = ring[(k + 1) % ring.length] ?? [];
    if (y0 > lat !== y1 > lat && lon < ((x1 - x0) * (lat - y0)) / (y1 - y0) + x0) inside = !inside;
  });
  return inside;
}

/** About `n` places on an even grid inside a zone, row by row; fewer only where it is a sliver. */
export function spotsIn(zone: ZoneFeature, n: number): GeoJSON.Position[] {
  const ring = outline(zone);
  const [lons, lats] = [ring.map(([lon = 0]) => lon), ring.map(([, lat = 0]) => lat)];
  const [west, east] = [Math.min(...lons), Math.max(...lons)];
  const [south, north] = [Math.min(...lats), Math.max(...lats)];
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180);
  let step = Math.sqrt(((east - west) * squeeze * (north - south)) / Math.max(1, n));
  for (let tries = 0; ; tries += 1) {
    const spots: GeoJSON.Position[] = [];
    for (let lat = north - step / 2; lat > south; lat -= step) {
      for (let lon = west + step / 2 / squeeze; lon < east; lon += step / squeeze) {
        if (isInside(ring, lon, lat)) spots.push([lon, lat]);
      }
    }
    if (spots.length >= n || tries >= 12) return spots;
    step *= 0.9;
  }
}

export interface Stay {
  truck: number;
  from: number;
  until: number;
}

/** For each stay the first place that is free while it lasts, by truck; and how many that takes. */
export function seated(stays: readonly Stay[]): { seat: Map<number, number>; seats: number } {
  const free: number[] = [];
  const seat = new Map<number, number>();
  for (const { truck, from, until } of [...stays].sort((a, b) => a.from - b.from)) {
    const found = free.findIndex((leaves) => leaves <= from);
    const at = found < 0 ? free.length : found;
    free[at] = until;
    seat.set(truck, at);
  }
  return { seat, seats: free.length };
}
