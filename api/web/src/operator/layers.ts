/** What the map draws: no tiles, no fonts and no pictures from anywhere but here. */

import type {
  CircleLayerSpecification,
  ExpressionSpecification,
  FillLayerSpecification,
  LayerSpecification,
  LineLayerSpecification,
  StyleSpecification,
  SymbolLayerSpecification,
} from "maplibre-gl";
import { LOAD_STOPS, ROLE_COLOUR, STATE_COLOUR } from "./palette";

const FONT = ["Noto Sans", "Noto Sans CJK SC", "sans-serif"];
const EMPTY = { type: "FeatureCollection" as const, features: [] };

function choose(property: string, choices: Record<string, string>): ExpressionSpecification {
  const pairs = Object.entries(choices).flat();
  return ["match", ["get", property], ...pairs, "#888888"] as unknown as ExpressionSpecification;
}

const load: ExpressionSpecification = [
  "interpolate",
  ["linear"],
  ["coalesce", ["feature-state", "load"], 0],
  ...LOAD_STOPS.flat(),
] as unknown as ExpressionSpecification;

const zoneColour: ExpressionSpecification = [
  "case",
  ["==", ["get", "role"], "yard"],
  load,
  choose("role", ROLE_COLOUR),
];

const zones: FillLayerSpecification = {
  id: "zones",
  type: "fill",
  source: "zones",
  paint: {
    "fill-color": zoneColour,
    "fill-opacity": ["match", ["get", "role"], "approach", 0.12, "beyond", 0.2, 0.38],
  },
};

const zoneEdges: LineLayerSpecification = {
  id: "zone-edges",
  type: "line",
  source: "zones",
  paint: {
    "line-color": zoneColour,
    "line-width": 1.2,
    "line-opacity": ["match", ["get", "role"], "approach", 0.5, 0.95],
  },
};

const roadWidth: ExpressionSpecification = [
  "interpolate", ["linear"], ["zoom"], 8, 1.2, 12, 2.5, 16, 8,
];

const roads: LineLayerSpecification = {
  id: "roads",
  type: "line",
  source: "roads",
  layout: { "line-cap": "round", "line-join": "round" },
  paint: {
    "line-color": ["match", ["get", "kind"], "freight", "#52687a", "#3d4f5d"],
    "line-width": roadWidth,
  },
};

const roadNames: SymbolLayerSpecification = {
  id: "road-names",
  type: "symbol",
  source: "roads",
  minzoom: 13,
  layout: {
    "symbol-placement": "line",
    "symbol-spacing": 420,
    "text-field": ["coalesce", ["get", "label"], ""],
    "text-font": FONT,
    "text-size": 11,
  },
  paint: { "text-color": "#8fa3b3", "text-halo-color": "#0d1318", "text-halo-width": 1.6 },
};

/** How fast trucks drive against what is usual there: standing, slow, nearly so, as usual. */
const SPEED_STOPS: readonly (readonly [number, string])[] = [
  [0, "#d7483f"],
  [0.4, "#ff8a4c"],
  [0.7, "#ffd04d"],
  [0.95, "#3fb68b"],
];

const speeds: LineLayerSpecification = {
  id: "speeds",
  type: "line",
  source: "speeds",
  layout: { "line-cap": "butt", "line-join": "round" },
  paint: {
    "line-color": [
      "interpolate", ["linear"], ["get", "share"], ...SPEED_STOPS.flat(),
    ] as unknown as ExpressionSpecification,
    "line-width": ["interpolate", ["linear"], ["zoom"], 8, 2, 12, 3.5, 16, 8],
    "line-opacity": 0.85,
  },
};

const tails: LineLayerSpecification = {
  id: "tails",
  type: "line",
  source: "tails",
  filter: ["==", ["geometry-type"], "LineString"],
  layout: { "line-cap": "round", "line-join": "round" },
  paint: {
    "line-color": STATE_COLOUR.queued,
    "line-width": ["interpolate", ["linear"], ["zoom"], 9, 4, 13, 7, 16, 14],
    "line-opacity": 0.55,
  },
};

const tailEnds: SymbolLayerSpecification = {
  id: "tail-ends",
  type: "symbol",
  source: "tails",
  minzoom: 11,
  filter: ["==", ["geometry-type"], "Point"],
  layout: {
    "text-field": ["get", "label"],
    "text-font": FONT,
    "text-size": 12,
    "text-anchor": "left",
    "text-offset": [0.8, 0],
  },
  paint: { "text-color": STATE_COLOUR.queued, "text-halo-color": "#0a0f13", "text-halo-width": 1.8 },
};

const plates: SymbolLayerSpecification = {
  id: "plates",
  type: "symbol",
  source: "plates",
  layout: {
    "text-field": ["get", "plate"],
    "text-font": FONT,
    "text-size": 11,
    "text-anchor": "top",
    "text-offset": [0, 0.7],
  },
  paint: { "text-color": "#e6edf2", "text-halo-color": "#0a0f13", "text-halo-width": 1.4 },
};

const LABEL_PX = 13.5;
/** Web Mercator's world is 512 pixels wide at zoom 0. */
const emsAt = (zoom: number): ExpressionSpecification => [
  "+", 0.7, ["*", ["get", "reach"], (512 * 2 ** zoom) / 360 / LABEL_PX],
];

/** Names stand beside their zone, whatever the zoom: `reach` is half its width in degrees. */
const beside: ExpressionSpecification = [
  "interpolate", ["exponential", 2], ["zoom"], 9, emsAt(9), 18, emsAt(18),
];

const places: SymbolLayerSpecification = {
  id: "places",
  type: "symbol",
  source: "places",
  layout: {
    "text-field": ["get", "label"],
    "text-font": FONT,
    "text-size": ["interpolate", ["linear"], ["zoom"], 9, 11.5, 12, LABEL_PX],
    "text-variable-anchor": ["left", "right", "top", "bottom"],
    "text-radial-offset": beside,
    "text-justify": "auto",
    "text-line-height": 1.25,
    "symbol-sort-key": ["get", "order"],
  },
  paint: {
    "text-color": ["match", ["get", "kind"], "gate", "#ffffff", "#c9d6df"],
    "text-halo-color": "#0a0f13",
    "text-halo-width": 2,
  },
};

const gates: CircleLayerSpecification = {
  id: "gates",
  type: "circle",
  source: "places",
  filter: ["==", ["get", "kind"], "gate"],
  paint: {
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 5, 14, 8],
    "circle-color": ["case", ["get", "open"], "#3fb68b", "#ff6b5e"],
    "circle-stroke-color": "#ffffff",
    "circle-stroke-width": 2,
  },
};

const order: LayerSpecification[] = [
  zones, zoneEdges, roads, speeds, tails, roadNames, gates, plates, tailEnds, places,
];

/** Trucks are drawn below the first of these; see `truck_layer.ts`. */
export const ABOVE_TRUCKS = "plates";

/** Without `glyphs` every letter is drawn from the machine's own fonts, in any language. */
const STYLE: StyleSpecification = {
  version: 8,
  sources: {
    zones: { type: "geojson", data: EMPTY, promoteId: "id" },
    roads: { type: "geojson", data: EMPTY },
    speeds: { type: "geojson", data: EMPTY },
    tails: { type: "geojson", data: EMPTY },
    plates: { type: "geojson", data: EMPTY },
    places: { type: "geojson", data: EMPTY },
  },
  layers: order,
};

const GROUND = { dark: "#0d1318", light: "#eef1f3" };

/** The map as it is drawn first, on the page's own ground. */
export function styleOf(dark: boolean): StyleSpecification {
  const paint = { "background-color": dark ? GROUND.dark : GROUND.light };
  return { ...STYLE, layers: [{ id: "ground", type: "background", paint }, ...STYLE.layers] };
}

type Paint = readonly [layer: string, property: string, dark: unknown, light: unknown];

/** What is painted otherwise where the room is light. */
export const THEMED: readonly Paint[] = [
  ["ground", "background-color", GROUND.dark, GROUND.light],
  ["roads", "line-color", roads.paint?.["line-color"], ["match", ["get", "kind"], "freight", "#8496a5", "#b4c0ca"]],
  ["road-names", "text-color", "#8fa3b3", "#44545f"],
  ["road-names", "text-halo-color", "#0d1318", "#eef1f3"],
  ["plates", "text-color", "#e6edf2", "#10181e"],
  ["plates", "text-halo-color", "#0a0f13", "#ffffff"],
  ["tail-ends", "text-color", STATE_COLOUR.queued, "#9c3a00"],
  ["tail-ends", "text-halo-color", "#0a0f13", "#ffffff"],
  ["places", "text-color", places.paint?.["text-color"], ["match", ["get", "kind"], "gate", "#0a0f13", "#25323b"]],
  ["places", "text-halo-color", "#0a0f13", "#ffffff"],
  ["zones", "fill-opacity", zones.paint?.["fill-opacity"], ["match", ["get", "role"], "approach", 0.1, "beyond", 0.25, 0.45]],
];
