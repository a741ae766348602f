import { useEffect, useMemo, useState } from "preact/hooks";
import { listCorridors } from "../../client";
import { nameOf, t } from "../../language";
import { Diagram, type Found, type Tints } from "../../operator/spacetime";
import { dark, shade } from "../../parts/theme";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { clockTime, decimal } from "../../time";
import type { Site, Spacetime, TruckLine, Way } from "../../types";
import type { TruckColumns } from "../types";
import { spanOf, useTrucks } from "./journeys";
import { RunName } from "./RunName";
import type { Shown } from "./shown";
import { linesOf, STAGES } from "./spacetime_lines";
import { useCanvas } from "./useCanvas";

interface Props {
  shown: Shown[];
  site: Site;
}

/** From yard to gate over the day, a line a truck: of each run, one below the other. */
export function Ways({ shown, site }: Props) {
  const [ways, setWays] = useState<Way[] | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  useEffect(() => {
    listCorridors().then((found) => setWays(found.filter(({ gate }) => gate !== null)), setWrong);
  }, []);
  const first = useTrucks(shown[0]?.id ?? null);
  const bad = wrong ?? first.wrong;
  if (bad !== null) return <p class="refusal">{problem(bad)}</p>;
  if (!ways || !first.trucks) return <p class="quiet">{t("common.loading")}</p>;
  const used = usedOf(ways, first.trucks);
  const way = used.find(({ id }) => id === chosen) ?? used[0];
  if (!way) return <p class="quiet">{t("planner.no_ways")}</p>;
  return (
    <section class="ways">
      <div class="choices">
        <select
          aria-label={t("corridor.way")}
          value={way.id}
          onChange={({ currentTarget }) => setChosen(currentTarget.value)}
        >
          {used.map((one) => (
            <option key={one.id} value={one.id}>
              {t("corridor.to_gate", { yard: placeName(one.yard), gate: placeName(one.gate ?? "") })}
            </option>
          ))}
        </select>
        <span class="stages">
          {STAGES.map(({ name, colour }) => (
            <span key={name}>
              <i style={{ background: `var(${colour})` }} /> {t(`planner.stage_${name}`)}
            </span>
          ))}
        </span>
      </div>
      <p class="quiet hint">{t("planner.ways_hint")}</p>
      {shown.map((one, run) => (
        <figure key={one.id}>
          <figcaption>
            <RunName run={run} label={one.label} />
          </figcaption>
          <OneRun id={one.id} way={way} site={site} />
        </figure>
      ))}
    </section>
  );
}

/** The ways that trucks go, those of most trucks first. */
function usedOf(ways: readonly Way[], trucks: TruckColumns): Way[] {
  const counts = new Map<string, number>();
  trucks.gate.forEach((gate, i) => {
    const key = `${trucks.yards[trucks.yard[i] ?? -1]} ${trucks.gates[gate]}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  const count = ({ yard, gate }: Way): number => counts.get(`${yard} ${gate}`) ?? 0;
  return ways.filter((way) => count(way) > 0).sort((a, b) => count(b) - count(a));
}

function OneRun({ id, way, site }: { id: number; way: Way; site: Site }) {
  const { trucks, wrong } = useTrucks(id);
  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!trucks) return <p class="quiet">{t("common.loading")}</p>;
  return <Picture id={id} trucks={trucks} way={way} site={site} />;
}

interface Lines {
  data: Spacetime;
  /** By line, the stage of each of its pieces. */
  stages: ReadonlyMap<TruckLine, number[]>;
}

function read(trucks: TruckColumns, way: Way): Lines {
  const [first, last] = spanOf(trucks);
  const lines = linesOf(trucks, way, first, last);
  const data = {
    ...way,
    since: new Date(first * 1000).toISOString(),
    until: new Date(last * 1000).toISOString(),
    closed: [],
    seen: lines.length,
    elsewhere: 0,
    trucks: lines,
  };
  return { data, stages: new Map(lines.map((line) => [line, line.stages])) };
}

type PictureProps = { id: number; trucks: TruckColumns; way: Way; site: Site };

function Picture({ id, trucks, way, site }: PictureProps) {
  const { data, stages } = useMemo(() => read(trucks, way), [trucks, way]);
  const [found, setFound] = useState<Found | null>(null);
  const [drawn, setDrawn] = useState<Diagram | null>(null);
  const gate = site.gates.find((one) => one.id === way.gate);
  const distance = t("corridor.distance_gate", { gate: gate ? nameOf(gate.name) : "" });
  const isDark = dark.value;
  const box = useCanvas(
    (context, width, height) => {
      const tints: Tints = {
        colours: STAGES.map(({ colour }) => shade(colour)),
        of: (line, k) => stages.get(line)?.[k] ?? 0,
      };
      const diagram = new Diagram(data, width, height, site.timezone, tints);
      diagram.draw(context, { distance, closed: t("corridor.closed"), marked: null });
      setDrawn(diagram);
    },
    [data, distance, isDark],
  );
  if (data.trucks.length === 0) return <p class="quiet">{t("planner.nobody_drove")}</p>;
  return (
    <div class="picture">
      <canvas
        ref={box}
        role="img"
        aria-label={t("corridor.picture")}
        data-ways={id}
        data-lines={data.trucks.length}
        onMouseMove={({ offsetX, offsetY }) => setFound(drawn?.find(offsetX, offsetY) ?? null)}
        onMouseLeave={() => setFound(null)}
      />
      {found && (
        <p class="found" style={{ left: `${found.x}px`, top: `${found.y}px` }}>
          {t("planner.truck_at", {
            time: clockTime(new Date(found.at * 1000), site.timezone),
            km: decimal(found.metres / 1000, 1, 1),
          })}
        </p>
      )}
    </div>
  );
}
