/** Speeds and queues as lines along the roads. */

import { counted, wholeNumber } from "../time";
import type { Traffic } from "../types";

type Way = Traffic["ways"][number];
type Line = GeoJSON.Feature<GeoJSON.LineString | GeoJSON.Point>;

function point(way: Way, i: number): GeoJSON.Position {
  return [way.lon[i] ?? NaN, way.lat[i] ?? NaN];
}

/** Stretches on which trucks were measured lately, with their speed as a share of the usual one. */
export function speedFeatures(traffic: Traffic): GeoJSON.FeatureCollection {
  const features: Line[] = [];
  for (const way of traffic.ways) {
    way.live_kmh.forEach((speed, i) => {
      const usual = way.nominal_kmh[i];
      if (speed === null || !usual) return;
      features.push({
        type: "Feature",
        geometry: { type: "LineString", coordinates: [point(way, i), point(way, i + 1)] },
        properties: { share: speed / usual },
      });
    });
  }
  return { type: "FeatureCollection", features };
}

/** Where on the map a way is so many metres from its beginning. */
export function pointAt(way: Way, metres: number): GeoJSON.Position {
  const i = Math.max(0, way.starts_m.findIndex((start) => start >= metres) - 1);
  const from = way.starts_m[i] ?? 0;
  const to = way.starts_m[i + 1] ?? from;
  const share = to > from ? Math.min(1, (metres - from) / (to - from)) : 0;
  const [lon = NaN, lat = NaN] = point(way, i);
  const [nextLon = lon, nextLat = lat] = point(way, Math.min(i + 1, way.lon.length - 1));
  return [lon + share * (nextLon - lon), lat + share * (nextLat - lat)];
}

/** From each gate's stop line back to the last truck of its queue, along the shortest way to it. */
export function tailFeatures(traffic: Traffic): GeoJSON.FeatureCollection {
  const features: Line[] = [];
  for (const gate of traffic.gates) {
    if (!gate.tail_m) continue;
    const ways = traffic.ways.filter((way) => way.gate === gate.id && way.stop_m !== null);
    const [way] = ways.sort((one, other) => (one.stop_m ?? 0) - (other.stop_m ?? 0));
    if (!way || way.stop_m === null) continue;
    const end = Math.max(0, way.stop_m - gate.tail_m);
    const stop = way.stop_m;
    const between = way.starts_m.flatMap((start, i) =>
      start > end && start < stop ? [point(way, i)] : [],
    );
    const m = wholeNumber(Math.round(gate.tail_m));
    features.push(
      {
        type: "Feature",
        geometry: { type: "LineString", coordinates: [pointAt(way, end), ...between, pointAt(way, stop)] },
        properties: {},
      },
      {
        type: "Feature",
        geometry: { type: "Point", coordinates: pointAt(way, end) },
        properties: { label: counted("operator.queue_tail_value", gate.trucks ?? 0, { m }) },
      },
    );
  }
  return { type: "FeatureCollection", features };
}
