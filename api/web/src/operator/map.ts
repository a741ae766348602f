/** The MapLibre map and what it is told; nothing here knows of components. */

import "maplibre-gl/dist/maplibre-gl.css";
import { Map as GlMap, type GeoJSONSource, setWorkerUrl } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import type { Site, TruckState } from "../types";
import { boundsOf, placeFeatures, roadFeatures, truckFeatures, withoutApproaches } from "./features";
import { ARROW, STYLE } from "./layers";
import type { Picture, Truck } from "./live";

setWorkerUrl(workerUrl);

const ARROW_PX = 26;
/** A click this near to a truck means it: gloves, a trackball, hour ten of a shift. */
const REACH_PX = 8;

/** A small dark arrow head that points north; layers turn it. */
function arrow(): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = ARROW_PX;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("This browser cannot draw on a canvas.");
  pen.fillStyle = "#0a0f13";
  pen.beginPath();
  pen.moveTo(13, 6);
  pen.lineTo(19, 19);
  pen.lineTo(13, 16);
  pen.lineTo(7, 19);
  pen.fill();
  return pen.getImageData(0, 0, ARROW_PX, ARROW_PX);
}

export class SiteMap {
  private readonly map: GlMap;
  private ready = false;
  private readonly waiting: (() => void)[] = [];
  private drawing = false;
  private next: GeoJSON.FeatureCollection | null = null;
  private placesDrawn = "";

  constructor(
    private readonly box: HTMLElement,
    private readonly site: Site,
    onPick: (id: number | null) => void,
  ) {
    this.map = new GlMap({
      container: box,
      style: STYLE,
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
      this.map.addImage(ARROW, arrow(), { pixelRatio: 2 });
      void this.source("zones").setData(site.zones as GeoJSON.FeatureCollection);
      this.ready = true;
      for (const task of this.waiting.splice(0)) task();
    });
    this.map.on("click", (event) => {
      const { x, y } = event.point;
      const hits = this.map.queryRenderedFeatures(
        [
          [x - REACH_PX, y - REACH_PX],
          [x + REACH_PX, y + REACH_PX],
        ],
        { layers: ["trucks"] },
      );
      onPick(typeof hits[0]?.id === "number" ? hits[0].id : null);
    });
    this.map.on("mousemove", (event) => {
      const over = this.map.queryRenderedFeatures(event.point, { layers: ["trucks"] });
      this.map.getCanvas().style.cursor = over.length > 0 ? "pointer" : "";
    });
    box.addEventListener("flowctl:count", this.count);
  }

  remove(): void {
    this.box.removeEventListener("flowctl:count", this.count);
    this.ready = false;
    this.map.remove();
  }

  showTrucks(trucks: Iterable<Truck>, hidden: ReadonlySet<TruckState>): void {
    this.when(() => {
      this.next = truckFeatures(trucks, hidden);
      void this.drawTrucks();
    });
  }

  showPlaces(picture: Picture | null): void {
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

  mark(id: number | null): void {
    this.when(() => void this.map.setFilter("selected", ["==", ["id"], id ?? -1]));
  }

  goTo(lon: number, lat: number): void {
    this.map.easeTo({ center: [lon, lat], zoom: Math.max(this.map.getZoom(), 14.5) });
  }

  /** What a screen reader calls the map; MapLibre's own word for it is English. */
  name(words: string): void {
    this.map.getCanvas().setAttribute("aria-label", words);
  }

  /** The gates with their yards, or the whole road to them. */
  view(which: "gates" | "all"): void {
    const zones = which === "gates" ? withoutApproaches(this.site.zones) : this.site.zones.features;
    this.map.fitBounds(boundsOf(zones), { padding: 60 });
  }

  zoomBy(steps: number): void {
    this.map.zoomTo(this.map.getZoom() + steps);
  }

  /** One drawing at a time: a slow machine shows every other second instead of falling behind. */
  private async drawTrucks(): Promise<void> {
    if (this.drawing) return;
    this.drawing = true;
    while (this.next && this.ready) {
      const data = this.next;
      this.next = null;
      await this.source("trucks").setData(data);
      await this.tilesLoaded("trucks");
    }
    this.drawing = false;
  }

  private async tilesLoaded(id: string): Promise<void> {
    while (this.ready && !this.map.isSourceLoaded(id)) await this.map.once("sourcedata");
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
    const counts = Object.entries(seen).map(([layer, ids]) => [layer, ids.size] as const);
    this.box.dataset["drawn"] = JSON.stringify(Object.fromEntries(counts));
  };
}
