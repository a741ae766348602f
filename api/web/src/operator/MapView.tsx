import { useEffect, useRef, useState } from "preact/hooks";
import { getTraffic } from "../client";
import { language, t } from "../language";
import { dark } from "../parts/theme";
import { useAsked } from "../parts/useAsked";
import type { Site } from "../types";
import type { LiveLine } from "./live";
import { drawn, type Shown } from "./shown";
import { SiteMap } from "./map";
import { useStage } from "./stage";

/** Speeds are measured once a minute. */
const TRAFFIC_MS = 30_000;

interface Props {
  site: Site;
  line: LiveLine;
  hidden: ReadonlySet<Shown>;
  selected: number | null;
  /** Counts up each time the map should travel to the selected truck. */
  travel: number;
  onPick: (id: number | null) => void;
}

export function MapView({ site, line, hidden, selected, travel, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<SiteMap | null>(null);
  const [broken, setBroken] = useState(false);
  const [loaded, setLoaded] = useState(false);
  const pick = useRef(onPick);
  pick.current = onPick;
  const version = line.version.value;
  const spoken = language.value;
  const isDark = dark.value;
  const { answer: traffic } = useAsked(getTraffic, TRAFFIC_MS, []);

  useEffect(() => {
    if (!box.current) return undefined;
    try {
      map.current = new SiteMap(box.current, site, (id) => pick.current(id));
      map.current.draw(() => setLoaded(true));
    } catch {
      // MapLibre throws where WebGL is missing; the boards beside the map do not need it.
      setBroken(true);
    }
    return () => {
      map.current?.remove();
      map.current = null;
    };
  }, [site]);

  useEffect(() => map.current?.name(t("operator.map")), [site, spoken]);
  useEffect(() => map.current?.showRoads(), [site, spoken]);
  useEffect(() => map.current?.showPlaces(line.picture.value), [site, version, spoken]);
  useEffect(() => map.current?.showTrucks(drawn(line.trucks.values(), hidden)), [
    site,
    version,
    hidden,
  ]);
  useEffect(() => {
    if (traffic) map.current?.showTraffic(traffic);
  }, [site, traffic, spoken]);
  useEffect(() => map.current?.paint(isDark), [site, isDark]);
  useEffect(() => map.current?.mark(selected), [site, selected]);
  useStage(site, (task) => map.current?.draw(task));
  useEffect(() => {
    const truck = selected === null ? undefined : line.trucks.get(selected);
    if (travel > 0 && truck) map.current?.goTo(truck.lon, truck.lat);
  }, [travel]);

  if (broken) return <p class="refusal">{t("operator.no_map")}</p>;
  return (
    <>
      <div ref={box} class="map" role="application" aria-label={t("operator.map")} />
      {!loaded && <p class="map-loading">{t("common.loading")}</p>}
      <div class="map-buttons">
        <button type="button" onClick={() => map.current?.view("gates")}>
          {t("operator.view_gates")}
        </button>
        <button type="button" onClick={() => map.current?.view("all")}>
          {t("operator.view_all")}
        </button>
        <button
          type="button"
          aria-label={t("operator.zoom_in")}
          onClick={() => map.current?.zoomBy(1)}
        >
          +
        </button>
        <button
          type="button"
          aria-label={t("operator.zoom_out")}
          onClick={() => map.current?.zoomBy(-1)}
        >
          −
        </button>
      </div>
    </>
  );
}
