/** What else the map shows for a while: a place to look at, a track that is played again. */

import { signal } from "@preact/signals";
import type { Map as GlMap } from "maplibre-gl";
import { useEffect } from "preact/hooks";
import type { Site } from "../types";
import { boundsOf } from "./features";
import type { Track } from "./past";
import { clearReplay, drawReplay, drawTrack, roomOf } from "./replay";

interface Spot {
  bounds: [number, number, number, number];
}

/** Where the map is to travel to; a new object each time. */
export const spot = signal<Spot | null>(null);

/** A track that is played again, and at which moment (epoch s) it stands. */
export const replay = signal<Track | null>(null);
export const replayAt = signal(0);

/** Look at a gate or a yard. */
export function spotOf(site: Site, place: string): void {
  const zones = site.zones.features.filter(
    ({ properties }) =>
      (properties.id === place || properties.gate === place) && properties.role !== "approach",
  );
  if (zones.length > 0) spot.value = { bounds: boundsOf(zones) };
}

const CLOSEST = 15;

/** Keep the map in step with what is on stage; `draw` runs a task on it once it is ready. */
export function useStage(site: Site, draw: (task: (map: GlMap) => void) => void): void {
  const shown = spot.value;
  const track = replay.value;
  const at = replayAt.value;

  useEffect(() => {
    if (!shown) return;
    draw((map) => map.fitBounds(shown.bounds, { padding: roomOf(map), maxZoom: CLOSEST }));
  }, [shown]);
  useEffect(() => {
    if (!track) return undefined;
    draw((map) => drawTrack(map, track));
    return () => draw(clearReplay);
  }, [site, track]);
  useEffect(() => {
    if (track) draw((map) => drawReplay(map, track, at));
  }, [site, track, at]);
}
