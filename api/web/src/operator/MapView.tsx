import { useEffect, useRef, useState } from "preact/hooks";
import { language, t } from "../language";
import type { Site, TruckState } from "../types";
import type { LiveLine } from "./live";
import { SiteMap } from "./map";

interface Props {
  site: Site;
  line: LiveLine;
  hidden: ReadonlySet<TruckState>;
  selected: number | null;
  /** Counts up each time the map should travel to the selected truck. */
  travel: number;
  onPick: (id: number | null) => void;
}

export function MapView({ site, line, hidden, selected, travel, onPick }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<SiteMap | null>(null);
  const [broken, setBroken] = useState(false);
  const pick = useRef(onPick);
  pick.current = onPick;
  const version = line.version.value;
  const spoken = language.value;

  useEffect(() => {
    if (!box.current) return undefined;
    try {
      map.current = new SiteMap(box.current, site, (id) => pick.current(id));
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
  useEffect(() => map.current?.showTrucks(line.trucks.values(), hidden), [site, version, hidden]);
  useEffect(() => map.current?.mark(selected), [site, selected]);
  useEffect(() => {
    const truck = selected === null ? undefined : line.trucks.get(selected);
    if (travel > 0 && truck) map.current?.goTo(truck.lon, truck.lat);
  }, [travel]);

  if (broken) return <p class="refusal">{t("operator.no_map")}</p>;
  return (
    <>
      <div ref={box} class="map" role="application" aria-label={t("operator.map")} />
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
