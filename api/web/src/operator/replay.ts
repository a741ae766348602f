/** A track on the map: the way driven, dashed where nothing was heard, and the truck on it. */

import type { GeoJSONSource, LayerSpecification, Map as GlMap } from "maplibre-gl";
import { ROLE_COLOUR } from "./palette";
import type { Track } from "./past";

const TRACK = "replay-track";
const TRUCK = "replay-truck";
const ZONES = "replay-zones";
const CLOSEST = 15;
const COLOUR = "#ff4fd8";
const EMPTY = { type: "FeatureCollection" as const, features: [] };

const LAYERS: LayerSpecification[] = [
  {
    id: "replay-zones",
    type: "line",
    source: ZONES,
    paint: {
      "line-color": [
        "match",
        ["get", "role"],
        ...Object.entries(ROLE_COLOUR).flat(),
        "#888888",
      ] as never,
      "line-width": 2.5,
    },
  },
  {
    id: "replay-track",
    type: "line",
    source: TRACK,
    filter: ["!", ["get", "silent"]],
    layout: { "line-cap": "round", "line-join": "round" },
    paint: { "line-color": COLOUR, "line-width": 3, "line-opacity": 0.85 },
  },
  {
    id: "replay-silent",
    type: "line",
    source: TRACK,
    filter: ["get", "silent"],
    paint: { "line-color": COLOUR, "line-width": 2, "line-dasharray": [2, 2.5] },
  },
  {
    id: "replay-truck",
    type: "circle",
    source: TRUCK,
    paint: {
      "circle-color": COLOUR,
      "circle-radius": 9,
      "circle-opacity": ["case", ["get", "silent"], 0.25, 1] as never,
      "circle-stroke-color": "#ffffff",
      "circle-stroke-width": 2.5,
    },
  },
];
/** What the live map shows of its own: hidden meanwhile, but for roads and zones. */
const LIVE = ["trucks", "plates"];

/** Where a truck was at a moment, and whether nothing was heard of it then. */
export interface Stand {
  lon: number;
  lat: number;
  silent: boolean;
  speed: number | null;
}

export function standAt(track: Track, at: number): Stand | null {
  const { at: times, lon, lat } = track;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  const k = Math.max(0, low - 1);
  const [t0, x0, y0] = [times[k], lon[k], lat[k]];
  if (t0 === undefined || x0 === undefined || y0 === undefined) return null;
  const [t1, x1, y1] = [times[k + 1], lon[k + 1], lat[k + 1]];
  if (t1 === undefined || x1 === undefined || y1 === undefined || at < t0) {
    const heard = Math.abs(at - t0) <= track.gap_s;
    return { lon: x0, lat: y0, silent: !heard, speed: track.speed[k] ?? null };
  }
  const silent = t1 - t0 > track.gap_s;
  // Between two reports it drives evenly; where it was silent it stays where it was last heard.
  const share = silent ? 0 : (at - t0) / Math.max(1, t1 - t0);
  return {
    lon: x0 + share * (x1 - x0),
    lat: y0 + share * (y1 - y0),
    silent: silent && at - t0 > track.gap_s,
    speed: silent ? null : (track.speed[k] ?? null),
  };
}

function lines(track: Track): GeoJSON.FeatureCollection<GeoJSON.LineString> {
  const features: GeoJSON.Feature<GeoJSON.LineString>[] = [];
  const add = (points: GeoJSON.Position[], silent: boolean): void => {
    if (points.length < 2) return;
    features.push({
      type: "Feature",
      properties: { silent },
      geometry: { type: "LineString", coordinates: points },
    });
  };
  let piece: GeoJSON.Position[] = [];
  track.at.forEach((at, k) => {
    const point = [track.lon[k] ?? 0, track.lat[k] ?? 0];
    const before = track.at[k - 1];
    if (before !== undefined && at - before > track.gap_s) {
      add(piece, false);
      add([piece[piece.length - 1] ?? point, point], true);
      piece = [];
    }
    piece.push(point);
  });
  add(piece, false);
  return { type: "FeatureCollection", features };
}

function source(map: GlMap, id: string, data: GeoJSON.FeatureCollection): void {
  const known = map.getSource<GeoJSONSource>(id);
  if (known) void known.setData(data);
  else map.addSource(id, { type: "geojson", data });
}

/** Draw the whole way and travel to it; the live trucks step aside. */
export function drawTrack(map: GlMap, track: Track): void {
  source(map, ZONES, EMPTY);
  source(map, TRACK, lines(track));
  source(map, TRUCK, EMPTY);
  for (const layer of LAYERS) if (!map.getLayer(layer.id)) map.addLayer(layer);
  show(map, false);
  if (track.lon.length === 0) return;
  const bounds: [number, number, number, number] = [
    Math.min(...track.lon),
    Math.min(...track.lat),
    Math.max(...track.lon),
    Math.max(...track.lat),
  ];
  map.fitBounds(bounds, { padding: roomOf(map), maxZoom: CLOSEST });
}

const EDGE_PX = 60;
const DRAWER_PX = 400;
const MOST_SHARE = 0.5;

/** How much of the map is left free at its edges: the drawer lies over its right one. */
export function roomOf(map: GlMap): { top: number; bottom: number; left: number; right: number } {
  const right = Math.min(DRAWER_PX, map.getContainer().clientWidth * MOST_SHARE);
  return { top: EDGE_PX, bottom: EDGE_PX, left: EDGE_PX, right };
}

/** Put the truck where it was at a moment (epoch s), among the zones as they were then. */
export function drawReplay(map: GlMap, track: Track, at: number): void {
  const stand = standAt(track, at);
  const zones = track.zones.features.filter(
    ({ properties: { role, valid_from: from, valid_until: until } }) =>
      role !== "approach" && (from === null || from <= at) && (until === null || at < until),
  );
  // For who reads the page without seeing the map.
  const place = stand ? `${stand.lon.toFixed(5)},${stand.lat.toFixed(5)}` : "";
  map.getContainer().dataset["replay"] = place;
  source(map, ZONES, { type: "FeatureCollection", features: zones });
  source(map, TRUCK, {
    type: "FeatureCollection",
    features: stand
      ? [
          {
            type: "Feature",
            properties: { silent: stand.silent },
            geometry: { type: "Point", coordinates: [stand.lon, stand.lat] },
          },
        ]
      : [],
  });
}

/** Leave the live map as it was. */
export function clearReplay(map: GlMap): void {
  for (const layer of LAYERS) if (map.getLayer(layer.id)) map.removeLayer(layer.id);
  for (const id of [TRACK, TRUCK, ZONES]) if (map.getSource(id)) map.removeSource(id);
  delete map.getContainer().dataset["replay"];
  show(map, true);
}

function show(map: GlMap, on: boolean): void {
  for (const id of LIVE) {
    if (map.getLayer(id)) map.setLayoutProperty(id, "visibility", on ? "visible" : "none");
  }
}
