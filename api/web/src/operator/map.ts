/** The MapLibre map and what it is told; nothing here knows of components. */

import "maplibre-gl/dist/maplibre-gl.css";
import { Map as GlMap, type GeoJSONSource, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { dark } from "../parts/theme";
import type { Site, Traffic } from "../types";
import {
  boundsOf,
  type Loads,
  placeFeatures,
  plateFeatures,
  roadFeatures,
  withoutApproaches,
} from "./features";
import { ABOVE_TRUCKS, styleOf, THEMED } from "./layers";
import type { Truck } from "./live";
import { speedFeatures, tailFeatures } from "./traffic_lines";
import { TruckLayer } from "./truck_layer";

setWorkerUrl(workerUrl);

/** A click this near to a truck means it: gloves, a trackball, hour ten of a shift. */
const REACH_PX = 8;
/** From here on plates stand beside trucks, where no more are seen than can be read. */
const PLATES_FROM_ZOOM = 13.5;
const PLATES_MOST = 250;

export class SiteMap {
  private readonly map: GlMap;
  private ready = false;
  private readonly waiting: (() => void)[] = [];
  private readonly layer: TruckLayer;
  private trucks: Truck[] = [];
  private chosen: number | null = null;
  private moved = false;
  private platesDrawn = false;
  private placesDrawn = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly site: Site,
    onPick: (id: number | null) => void,
  ) {
    this.layer = new TruckLayer(site.center);
    this.map = new GlMap({
      container: box,
      style: styleOf(dark.value),
      bounds: boundsOf(withoutApproaches(site.zones)),
      fitBoundsOptions: { padding: 60 },
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      fadeDuration: 0,
      maxZoom: 18,
      minZoom: 7,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.on("load", () => {
      this.map.addLayer(this.layer, ABOVE_TRUCKS);
      void this.source("zones").setData(site.zones as GeoJSON.FeatureCollection);
      this.ready = true;
      for (const task of this.waiting.splice(0)) task();
    });
    this.map.on("click", ({ point: { x, y } }) => onPick(this.layer.at(x, y, REACH_PX)));
    this.map.on("mousemove", ({ point: { x, y } }) => {
      this.map.getCanvas().style.cursor = this.layer.at(x, y, 0) === null ? "" : "pointer";
    });
    // Until somebody moves it, the map shows the gates whatever room it is given.
    this.map.on("movestart", ({ originalEvent }) => {
      if (originalEvent) this.moved = true;
    });
    this.map.on("resize", () => {
      if (!this.moved) this.view("gates", false);
    });
    this.map.on("moveend", () => this.drawPlates());
    box.addEventListener("flowctl:count", this.count);
  }

  remove(): void {
    this.box.removeEventListener("flowctl:count", this.count);
    this.ready = false;
    this.map.remove();
  }

  /** Draw these trucks, in this order, and no others. */
  showTrucks(trucks: Truck[]): void {
    this.when(() => {
      this.trucks = trucks;
      this.layer.show(trucks, this.chosen);
      this.drawPlates();
    });
  }

  showTraffic(traffic: Traffic): void {
    this.when(() => {
      void this.source("speeds").setData(speedFeatures(traffic));
      void this.source("tails").setData(tailFeatures(traffic));
    });
  }

  /** Paint for a dark room or a light one. */
  paint(dark: boolean): void {
    this.when(() => {
      this.layer.setDark(dark);
      for (const [layer, property, night, day] of THEMED) {
        this.map.setPaintProperty(layer, property as never, (dark ? night : day) as never);
      }
    });
  }

  showPlaces(picture: Loads | null): void {
    this.when(() => {
      const places = placeFeatures(this.site, picture);
      const text = JSON.stringify(places);
      if (text !== this.placesDrawn) void this.source("places").setData(places);
      this.placesDrawn = text;
      for (const yard of picture?.yards ?? []) {
        const load = yard.capacity > 0 ? yard.occupancy / yard.capacity : 0;
        this.map.setFeatureState({ source: "zones", id: yard.id }, { load });
      }
    });
  }

  showRoads(): void {
    this.when(() => void this.source("roads").setData(roadFeatures(this.site)));
  }

  /** Draw something of one's own, once the map is ready. */
  draw(task: (map: GlMap) => void): void {
    this.when(() => task(this.map));
  }

  mark(id: number | null): void {
    this.when(() => {
      this.chosen = id;
      this.layer.show(this.trucks, id);
    });
  }

  goTo(lon: number, lat: number): void {
    this.moved = true;
    this.map.easeTo({ center: [lon, lat], zoom: Math.max(this.map.getZoom(), 14.5) });
  }

  /** What a screen reader calls the map; MapLibre's own word for it is English. */
  name(words: string): void {
    this.map.getCanvas().setAttribute("aria-label", words);
  }

  /** The gates with their yards, or the whole road to them. */
  view(which: "gates" | "all", animate = true): void {
    const zones = which === "gates" ? withoutApproaches(this.site.zones) : this.site.zones.features;
    this.map.fitBounds(boundsOf(zones), { padding: 60, animate });
  }

  zoomBy(steps: number): void {
    this.moved = true;
    this.map.zoomTo(this.map.getZoom() + steps);
  }

  private drawPlates(): void {
    const near = this.map.getZoom() >= PLATES_FROM_ZOOM;
    if (!near && !this.platesDrawn) return;
    const bounds = this.map.getBounds();
    const seen = near ? this.trucks.filter(({ lon, lat }) => bounds.contains([lon, lat])) : [];
    const shown = seen.length > PLATES_MOST ? [] : seen;
    this.platesDrawn = shown.length > 0;
    void this.source("plates").setData(plateFeatures(shown));
  }

  private when(task: () => void): void {
    if (this.ready) task();
    else this.waiting.push(task);
  }

  private source(id: string): GeoJSONSource {
    return this.map.getSource(id) as GeoJSONSource;
  }

  /** Asked by an event on its box, the map writes there what it has really drawn, by layer. */
  private readonly count = (): void => {
    const seen: Record<string, Set<unknown>> = {};
    for (const feature of this.map.queryRenderedFeatures()) {
      (seen[feature.layer.id] ??= new Set()).add(feature.id ?? JSON.stringify(feature.properties));
    }
    const counts: (readonly [string, number])[] = Object.entries(seen).map(([layer, ids]) => [layer, ids.size] as const);
    counts.push(["trucks", this.layer.inView()]);
    counts.push(["selected", this.trucks.some(({ id }) => id === this.chosen) ? 1 : 0]);
    this.box.dataset["drawn"] = JSON.stringify(Object.fromEntries(counts));
  };
}
