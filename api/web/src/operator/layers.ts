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
import { LOAD_STOPS, ROLE_COLOUR, STATE_COLOUR, STATES } from "./palette";

export const ARROW = "arrow";
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

const truckSize: ExpressionSpecification = [
  "interpolate", ["linear"], ["zoom"], 9, 2.4, 12, 3.2, 14, 5, 17, 9,
];

const trucks: CircleLayerSpecification = {
  id: "trucks",
  type: "circle",
  source: "trucks",
  layout: { "circle-sort-key": ["get", "order"] },
  paint: {
    "circle-color": choose("state", STATE_COLOUR),
    "circle-radius": truckSize,
    // A truck that is not heard of any more is drawn hollow: this is where it was last.
    "circle-opacity": ["match", ["get", "state"], "silent", 0.15, 1],
    "circle-stroke-width": ["match", ["get", "state"], "silent", 1.4, 0.9],
    "circle-stroke-color": ["match", ["get", "state"], "silent", STATE_COLOUR.silent, "#0a0f13"],
  },
};

const headings: SymbolLayerSpecification = {
  id: "headings",
  type: "symbol",
  source: "trucks",
  minzoom: 12,
  filter: ["all", ["has", "heading"], ["in", ["get", "state"], ["literal", ["moving", "released"]]]],
  layout: {
    "icon-image": ARROW,
    "icon-rotate": ["get", "heading"],
    "icon-rotation-alignment": "map",
    "icon-allow-overlap": true,
    "icon-ignore-placement": true,
    "icon-size": ["interpolate", ["linear"], ["zoom"], 12, 0.5, 16, 1],
  },
};

const selected: CircleLayerSpecification = {
  id: "selected",
  type: "circle",
  source: "trucks",
  filter: ["==", ["id"], -1],
  paint: {
    "circle-radius": ["interpolate", ["linear"], ["zoom"], 9, 8, 14, 12, 17, 18],
    "circle-color": "rgba(255,255,255,0.08)",
    "circle-stroke-color": "#ffffff",
    "circle-stroke-width": 2.2,
  },
};

const plates: SymbolLayerSpecification = {
  id: "plates",
  type: "symbol",
  source: "trucks",
  minzoom: 14,
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
  zones, zoneEdges, roads, roadNames, gates, trucks, headings, selected, plates, places,
];

/** Without `glyphs` every letter is drawn from the machine's own fonts, in any language. */
export const STYLE: StyleSpecification = {
  version: 8,
  sources: {
    zones: { type: "geojson", data: EMPTY, promoteId: "id" },
    roads: { type: "geojson", data: EMPTY },
    trucks: { type: "geojson", data: EMPTY },
    places: { type: "geojson", data: EMPTY },
  },
  layers: [{ id: "ground", type: "background", paint: { "background-color": "#0d1318" } }, ...order],
};

export const orderOf = (state: (typeof STATES)[number]): number => STATES.indexOf(state);
