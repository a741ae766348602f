/** The map zones are drawn on; nothing here knows of components. */

import "maplibre-gl/dist/maplibre-gl.css";
import { type GeoJSONSource, Map as GlMap, type StyleSpecification } from "maplibre-gl";
import {
  TerraDraw,
  TerraDrawLineStringMode,
  TerraDrawPolygonMode,
  TerraDrawSelectMode,
} from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";
import "../map"; // where MapLibre finds its worker
import { nameOf } from "../../language";
import type { Site, ZoneRole } from "../../types";
import { boundsOf, withoutApproaches } from "../features";
import { ROLE_COLOUR } from "../palette";
import type { Drawn, Fault, Shape } from "./api";
import { corners, drawnRound, isSimple } from "./shapes";

export type Tool = "select" | "polygon" | "linestring";
export interface Hands {
  /** The map is drawn and can be worked on. */
  onReady(): void;
  /** A part of it did not come; `what` names it as the browser does. */
  onLost(what: string): void;
  onPick(id: string | null): void;
  onReshape(id: string, geometry: GeoJSON.Polygon): void;
  onDraw(geometry: GeoJSON.Polygon): void;
  onLine(line: GeoJSON.LineString): void;
}

const FONT = ["Noto Sans", "Noto Sans CJK SC", "sans-serif"];
const EMPTY = { type: "FeatureCollection" as const, features: [] };
const FIRST_ZOOM_PADDING = 60;

type Hex = `#${string}`;
const colourOf = (feature: GeoJSON.Feature): Hex =>
  (ROLE_COLOUR[feature.properties?.["role"] as ZoneRole] ?? ROLE_COLOUR.approach) as Hex;

function style(ground: string, words: string): StyleSpecification {
  return {
    version: 8,
    sources: {
      roads: { type: "geojson", data: EMPTY },
      fixed: { type: "geojson", data: EMPTY },
      former: { type: "geojson", data: EMPTY },
      names: { type: "geojson", data: EMPTY },
      faults: { type: "geojson", data: EMPTY },
    },
    layers: [
      { id: "ground", type: "background", paint: { "background-color": ground } },
      {
        id: "roads",
        type: "line",
        source: "roads",
        paint: { "line-color": "#5b7183", "line-width": 2.5 },
      },
      // Zones of several outlines or with holes are shown, and changed by their fields only.
      {
        id: "fixed",
        type: "fill",
        source: "fixed",
        paint: { "fill-color": ROLE_COLOUR.approach, "fill-opacity": 0.3 },
      },
      {
        id: "former",
        type: "line",
        source: "former",
        paint: { "line-color": words, "line-width": 1.6, "line-dasharray": [3, 2] },
      },
      {
        id: "names",
        type: "symbol",
        source: "names",
        layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12 },
        paint: { "text-color": words, "text-halo-color": ground, "text-halo-width": 1.6 },
      },
      {
        id: "faults",
        type: "circle",
        source: "faults",
        paint: {
          "circle-radius": 11,
          "circle-color": "rgba(255,70,60,0.15)",
          "circle-stroke-color": "#ff4a3d",
          "circle-stroke-width": 2.5,
        },
      },
    ],
  };
}

export class EditorMap {
  private readonly map: GlMap;
  private readonly draw: TerraDraw;
  private ready = false;
  private readonly waiting: (() => void)[] = [];
  private shown = new Map<string, string>();
  private chosen: string | null = null;
  /** While we put things in ourselves, what terra-draw says of it is no hand's doing. */
  private quiet = false;

  constructor(
    private readonly box: HTMLElement,
    site: Site,
    private readonly hands: Hands,
  ) {
    this.map = new GlMap({
      container: box,
      style: style(colour(box, "--ground"), colour(box, "--text")),
      bounds: boundsOf(withoutApproaches(site.zones)),
      fitBoundsOptions: { padding: FIRST_ZOOM_PADDING },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      maxZoom: 19,
      minZoom: 7,
    });
    this.map.touchZoomRotate.disableRotation();
    this.draw = this.tools();
    this.map.on("error", ({ error }) => hands.onLost(error.message));
    box.addEventListener("webglcontextlost", () => hands.onLost("WebGL"), true);
    this.map.on("load", () => {
      void this.source("roads").setData(site.roads as GeoJSON.FeatureCollection);
      this.draw.start();
      this.draw.setMode("select");
      for (const above of ["former", "names", "faults"]) this.map.moveLayer(above);
      this.listen();
      this.ready = true;
      for (const task of this.waiting.splice(0)) task();
      hands.onReady();
    });
  }

  remove(): void {
    if (this.ready) this.draw.stop();
    this.ready = false;
    this.map.remove();
  }

  /** What a screen reader calls the map. */
  name(words: string): void {
    this.map.getCanvas().setAttribute("aria-label", words);
  }

  use(tool: Tool): void {
    this.when(() => this.draw.setMode(tool));
  }

  middle(): GeoJSON.Position {
    const { lng, lat } = this.map.getCenter();
    return [lng, lat];
  }

  show(features: Drawn[], selected: string | null): void {
    this.when(() => {
      this.quietly(() => this.sync(features, selected));
      const fixed = features.filter((one) => !isSimple(one.geometry));
      void this.source("fixed").setData({ type: "FeatureCollection", features: fixed });
      void this.source("names").setData({
        type: "FeatureCollection",
        features: features.map(nameFeature),
      });
    });
  }

  showFormer(features: Drawn[]): void {
    this.when(() => void this.source("former").setData({ type: "FeatureCollection", features }));
  }

  showFaults(faults: Fault[]): void {
    const features = faults.flatMap(({ at, text }): GeoJSON.Feature[] =>
      at === null
        ? []
        : [{ type: "Feature", geometry: { type: "Point", coordinates: at }, properties: { text } }],
    );
    this.when(() => void this.source("faults").setData({ type: "FeatureCollection", features }));
  }

  goTo(shape: Shape): void {
    const lons = corners(shape).map(([lon = 0]) => lon);
    const lats = corners(shape).map(([, lat = 0]) => lat);
    this.map.fitBounds(
      [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)],
      { padding: 120, maxZoom: 17, animate: false },
    );
  }

  zoomBy(steps: number): void {
    this.map.zoomTo(this.map.getZoom() + steps);
  }

  /** Where a place of the map is on its canvas, pixels. */
  pixel(at: GeoJSON.Position): { x: number; y: number } {
    return this.map.project(at as [number, number]);
  }

  private tools(): TerraDraw {
    const clear = colour(this.box, "--text") as Hex;
    const ground = colour(this.box, "--ground") as Hex;
    const outline = { outlineColor: colourOf, fillColor: colourOf, fillOpacity: 0.35 };
    return new TerraDraw({
      adapter: new TerraDrawMapLibreGLAdapter({ map: this.map, coordinatePrecision: 9 }),
      idStrategy: {
        isValidId: (id) => typeof id === "string" && id !== "",
        getId: () => crypto.randomUUID(),
      },
      modes: [
        new TerraDrawSelectMode({
          flags: {
            polygon: {
              feature: {
                draggable: true,
                selfIntersectable: true,
                coordinates: { midpoints: true, draggable: true, deletable: true },
              },
            },
          },
          keyEvents: { deselect: "Escape", delete: null, rotate: null, scale: null },
          styles: {
            selectedPolygonColor: colourOf,
            selectedPolygonFillOpacity: 0.5,
            selectedPolygonOutlineColor: clear,
            selectedPolygonOutlineWidth: 2.5,
            selectionPointColor: clear,
            selectionPointWidth: 6,
            selectionPointOutlineColor: ground,
            selectionPointOutlineWidth: 2,
            midPointColor: colour(this.box, "--accent") as Hex,
            midPointWidth: 4,
            midPointOutlineColor: ground,
            midPointOutlineWidth: 1,
          },
        }),
        new TerraDrawPolygonMode({ styles: { ...outline, outlineWidth: 2 } }),
        new TerraDrawLineStringMode({
          styles: { lineStringColor: "#ffd04d", lineStringWidth: 3 },
        }),
      ],
    });
  }

  private listen(): void {
    this.draw.on("select", (id) => {
      this.chosen = String(id);
      if (!this.quiet) this.hands.onPick(this.chosen);
    });
    this.draw.on("deselect", () => {
      this.chosen = null;
      if (!this.quiet) this.hands.onPick(null);
    });
    this.draw.on("finish", (id, { action, mode }) => {
      const feature = this.draw.getSnapshotFeature(id);
      if (!feature) return;
      const { geometry } = feature;
      if (action !== "draw") {
        this.shown.set(String(id), JSON.stringify(geometry));
        this.hands.onReshape(String(id), geometry as GeoJSON.Polygon);
        return;
      }
      // Its place among the zones is the draft's to give; terra-draw finishes with it first.
      setTimeout(() => {
        this.quietly(() => this.draw.removeFeatures([id]));
        this.draw.setMode("select");
        if (mode === "linestring") this.hands.onLine(geometry as GeoJSON.LineString);
        else this.hands.onDraw(geometry as GeoJSON.Polygon);
      });
    });
  }

  /** Make terra-draw's zones those of the draft, touching only what differs. */
  private sync(features: Drawn[], selected: string | null): void {
    const next = new Map<string, Drawn>();
    for (const one of features) if (isSimple(one.geometry)) next.set(one.properties.id, one);
    const keyOf = (one: Drawn): string => JSON.stringify(drawnRound(one.geometry));
    const known = new Map(this.draw.getSnapshot().map((one) => [String(one.id), one] as const));
    const stale: string[] = [];
    for (const id of this.shown.keys()) {
      const drawn = next.get(id);
      const same =
        drawn &&
        this.shown.get(id) === keyOf(drawn) &&
        known.get(id)?.properties["role"] === drawn.properties.role;
      if (!same) stale.push(id);
    }
    if (this.chosen !== null && (stale.includes(this.chosen) || this.chosen !== selected)) {
      if (known.has(this.chosen)) this.draw.deselectFeature(this.chosen);
      this.chosen = null;
    }
    this.draw.removeFeatures(stale.filter((id) => known.has(id)));
    for (const id of stale) this.shown.delete(id);
    const missing = [...next.values()].filter((one) => !this.shown.has(one.properties.id));
    this.draw.addFeatures(
      missing.map((one) => ({
        type: "Feature" as const,
        id: one.properties.id,
        geometry: drawnRound(one.geometry) as GeoJSON.Polygon,
        properties: { mode: "polygon", role: one.properties.role },
      })),
    );
    for (const one of missing) this.shown.set(one.properties.id, keyOf(one));
    if (selected !== null && this.chosen !== selected && this.draw.hasFeature(selected)) {
      if (this.draw.getMode() === "select") this.draw.selectFeature(selected);
    }
  }

  private quietly(task: () => void): void {
    this.quiet = true;
    task();
    this.quiet = false;
  }

  private when(task: () => void): void {
    if (this.ready) task();
    else this.waiting.push(task);
  }

  private source(id: string): GeoJSONSource {
    return this.map.getSource(id) as GeoJSONSource;
  }
}

const colour = (box: HTMLElement, name: string): string =>
  getComputedStyle(box).getPropertyValue(name).trim();

function nameFeature(zone: Drawn): GeoJSON.Feature {
  const at = corners(zone.geometry);
  const sum = at.reduce(([x = 0, y = 0], [lon = 0, lat = 0]) => [x + lon, y + lat], [0, 0]);
  return {
    type: "Feature",
    geometry: { type: "Point", coordinates: sum.map((n) => n / Math.max(at.length, 1)) },
    properties: { name: nameOf(zone.properties.name) || zone.properties.id },
  };
}
