import { signal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { getTraffic, listCorridors } from "../../client";
import { language, nameOf, t } from "../../language";
import { boundsOf } from "../../operator/features";
import { SiteMap } from "../../operator/map";
import { dark } from "../../parts/theme";
import { problem } from "../../parts/problem";
import { usePlaying } from "../../parts/usePlaying";
import { clockSeconds } from "../../time";
import type { Site, Traffic, Way } from "../../types";
import { DayCounts } from "./DayCounts";
import { useTrucks } from "./journeys";
import { RunName } from "./RunName";
import type { Shown } from "./shown";
import { type Moment, Played } from "./stagecraft";

const PACES = [60, 300, 600, 1800, 3600] as const;
/** An arrow key moves by five minutes, with Shift by an hour. */
const STEP_S = 300;
const LONG_STEPS = 12;

interface Roads {
  ways: Way[];
  traffic: Traffic;
}

interface Props {
  shown: Shown[];
  site: Site;
}

/** The first replication of a run played on the map. */
export function Day({ shown, site }: Props) {
  const [chosen, setChosen] = useState(0);
  const [roads, setRoads] = useState<Roads | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const run = shown[chosen] ?? shown[0];
  const asked = useTrucks(run?.id ?? null);

  useEffect(() => {
    Promise.all([listCorridors(), getTraffic()]).then(
      ([ways, traffic]) => setRoads({ ways, traffic }),
      setWrong,
    );
  }, []);
  const played = useMemo(
    () => (asked.trucks && roads ? new Played(asked.trucks, site, roads.ways, roads.traffic) : null),
    [asked.trucks, roads, site],
  );

  const bad = wrong ?? asked.wrong;
  if (bad !== null) return <p class="refusal">{problem(bad)}</p>;
  return (
    <section class="day-map">
      {shown.length > 1 && (
        <div class="choices" role="group" aria-label={t("planner.run_on_map")}>
          {shown.map((one, n) => (
            <button
              type="button"
              key={one.id}
              aria-pressed={one === run}
              onClick={() => setChosen(n)}
            >
              <RunName run={n} label={one.label} />
            </button>
          ))}
        </div>
      )}
      {played ? <Stage played={played} site={site} /> : <p class="quiet">{t("common.loading")}</p>}
    </section>
  );
}

/** The moment that is shown, epoch s: kept while runs are changed, to compare the same hour. */
const moment = signal<number | null>(null);

function Stage({ played, site }: { played: Played; site: Site }) {
  const [pace, setPace] = useState<number>(600);
  const { first, last } = played;
  const within = (at: number): number => Math.min(last, Math.max(first, at));
  const at = within(moment.value ?? first);
  const goTo = (next: number): void => {
    moment.value = within(next);
  };
  const now = (): number => within(moment.value ?? first);
  const { plays, setPlays } = usePlaying(now, goTo, { pace, ends: last });
  const scene = useMemo(() => played.at(at), [played, at]);
  const said = clockSeconds(new Date(at * 1000), site.timezone);

  function press(event: KeyboardEvent): void {
    const step = STEP_S * (event.shiftKey ? LONG_STEPS : 1);
    if (event.key === "ArrowLeft") goTo(at - step);
    else if (event.key === "ArrowRight") goTo(at + step);
    else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) setPlays(!plays);
    else return;
    event.preventDefault();
  }

  function toggle(): void {
    if (!plays && at >= last) goTo(first);
    setPlays(!plays);
  }

  return (
    <div class="stage">
      <Map scene={scene} site={site} open={played.isOpen(at)} />
      <DayCounts counts={scene.counts} site={site} />
      <div class="player" onKeyDown={press}>
        <button type="button" class="main" onClick={toggle}>
          {t(plays ? "replay.pause" : "replay.play")}
        </button>
        <time data-at={Math.round(at)}>{said}</time>
        <input
          type="range"
          aria-label={t("replay.slider")}
          aria-valuetext={said}
          min={first}
          max={last}
          step={1}
          value={at}
          onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
        />
        <label>
          {t("replay.pace")}{" "}
          <select value={pace} onChange={({ currentTarget }) => setPace(Number(currentTarget.value))}>
            {PACES.map((one) => (
              <option key={one} value={one}>
                {t("planner.pace", { n: one / 60 })}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

function Map({ scene, site, open }: { scene: Moment; site: Site; open: ReadonlySet<string> }) {
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<SiteMap | null>(null);
  const [broken, setBroken] = useState(false);
  const spoken = language.value;
  const isDark = dark.value;

  useEffect(() => {
    if (!box.current) return undefined;
    try {
      map.current = new SiteMap(box.current, site, () => undefined);
    } catch {
      // MapLibre throws where WebGL is missing; the counts beside the map do not need it.
      setBroken(true);
    }
    return () => {
      map.current?.remove();
      map.current = null;
    };
  }, [site]);
  useEffect(() => map.current?.name(t("planner.day_map")), [site, spoken]);
  useEffect(() => map.current?.showRoads(), [site, spoken]);
  useEffect(() => map.current?.paint(isDark), [site, isDark]);
  useEffect(() => map.current?.showTrucks(scene.trucks), [site, scene]);
  useEffect(() => {
    map.current?.showPlaces({
      gates: site.gates.map(({ id }) => ({ id, open: open.has(id) })),
      yards: site.yards.map(({ id, capacity }) => ({
        id,
        capacity,
        occupancy: scene.counts.yards[id] ?? 0,
      })),
    });
  }, [site, scene, spoken]);

  function look(gate: string): void {
    const zones = site.zones.features.filter(
      ({ properties }) => properties.gate === gate && properties.role !== "approach",
    );
    map.current?.draw((drawn) => drawn.fitBounds(boundsOf(zones), { padding: 40, maxZoom: 16 }));
  }

  if (broken) return <p class="refusal">{t("operator.no_map")}</p>;
  return (
    <div class="map-box">
      <div ref={box} class="map" role="application" aria-label={t("planner.day_map")} />
      <div class="map-views">
        <button type="button" onClick={() => map.current?.view("gates")}>
          {t("operator.view_gates")}
        </button>
        {site.gates.map(({ id, name }) => (
          <button type="button" key={id} data-look={id} onClick={() => look(id)}>
            {nameOf(name)}
          </button>
        ))}
      </div>
    </div>
  );
}
