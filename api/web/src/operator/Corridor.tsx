import { useEffect, useRef, useState } from "preact/hooks";
import { getSpacetime, listCorridors } from "../client";
import { language, nameOf, t } from "../language";
import { problem } from "../parts/problem";
import { clockTime, wholeNumber } from "../time";
import type { Site, Spacetime, Way } from "../types";
import { Diagram, type Found, SPEED_COLOURS } from "./spacetime";

const REFRESH_MS = 30_000;
const RANGES = ["last_hours", "today"] as const;

interface Props {
  site: Site;
  /** The present domain moment, ISO; null before the first word of the server. */
  at: string | null;
}

/** Midnight at the gate before a moment, ISO. */
function midnight(at: string, timezone: string): string {
  const moment = new Date(at);
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).formatToParts(moment);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value ?? 0);
  const passed = (part("hour") * 60 + part("minute")) * 60 + part("second");
  return new Date(moment.getTime() - passed * 1000).toISOString();
}

function wayName(way: Way, site: Site): string {
  const yard = site.yards.find((one) => one.id === way.yard);
  const gate = site.gates.find((one) => one.id === way.gate);
  const names = { yard: yard ? nameOf(yard.name) : way.yard, gate: gate ? nameOf(gate.name) : "" };
  return t(gate ? "corridor.to_gate" : "corridor.to_yard", names);
}

function distanceName(way: Way, site: Site): string {
  const gate = site.gates.find((one) => one.id === way.gate);
  if (gate) return t("corridor.distance_gate", { gate: nameOf(gate.name) });
  const yard = site.yards.find((one) => one.id === way.yard);
  return t("corridor.distance_yard", { yard: yard ? nameOf(yard.name) : way.yard });
}

function Scale({ fastest }: { fastest: number }) {
  const colours = SPEED_COLOURS.join(", ");
  return (
    <span class="scale">
      {t("corridor.slow")}
      <i style={{ background: `linear-gradient(90deg, ${colours})` }} />
      {fastest} {t("corridor.speed")}
    </span>
  );
}

export function Corridor({ site, at }: Props) {
  const [ways, setWays] = useState<Way[]>([]);
  const [way, setWay] = useState<string | null>(null);
  const [range, setRange] = useState<(typeof RANGES)[number]>("last_hours");
  const [data, setData] = useState<Spacetime | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const now = useRef(at);
  now.current = at;

  useEffect(() => {
    listCorridors().then((found) => {
      setWays(found);
      setWay(found[0]?.id ?? null);
    }, setWrong);
  }, []);
  useEffect(() => {
    if (way === null) return undefined;
    let gone = false;
    const ask = (): void => {
      const since = range === "today" && now.current ? midnight(now.current, site.timezone) : null;
      getSpacetime(way, since).then(
        (found) => {
          if (gone) return;
          setData(found);
          setWrong(null);
        },
        (error: unknown) => !gone && setWrong(error),
      );
    };
    ask();
    const timer = setInterval(ask, REFRESH_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [way, range, site.timezone]);

  return (
    <section class="corridor" aria-label={t("operator.view_corridor")}>
      <header>
        <select
          aria-label={t("corridor.way")}
          value={way ?? ""}
          onChange={(event) => setWay(event.currentTarget.value)}
        >
          {ways.map((one) => (
            <option key={one.id} value={one.id}>
              {wayName(one, site)}
            </option>
          ))}
        </select>
        <span class="ranges">
          {RANGES.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === range}
              onClick={() => setRange(one)}
            >
              {t(`corridor.${one}`)}
            </button>
          ))}
        </span>
        {data && (
          <b>{t("corridor.trucks", { n: wholeNumber(new Set(data.trucks.map(key)).size) })}</b>
        )}
        {data && <Scale fastest={data.fastest_kmh} />}
      </header>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {data && data.trucks.length === 0 && <p class="empty">{t("corridor.empty")}</p>}
      {data && <Picture data={data} site={site} />}
    </section>
  );
}

const key = (truck: Spacetime["trucks"][number]): string => truck.plate ?? `${truck.s[0]}`;

function Picture({ data, site }: { data: Spacetime; site: Site }) {
  const box = useRef<HTMLCanvasElement>(null);
  const diagram = useRef<Diagram | null>(null);
  const [found, setFound] = useState<Found | null>(null);
  const spoken = language.value;

  useEffect(() => {
    const canvas = box.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return undefined;
    const draw = (): void => {
      const { width, height } = canvas.getBoundingClientRect();
      canvas.width = width * devicePixelRatio;
      canvas.height = height * devicePixelRatio;
      context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
      diagram.current = new Diagram(data, width, height, site.timezone);
      diagram.current.draw(context, {
        distance: distanceName(data, site),
        closed: t("corridor.closed"),
      });
    };
    const resized = new ResizeObserver(draw);
    resized.observe(canvas);
    setFound(null);
    return () => resized.disconnect();
  }, [data, site, spoken]);

  return (
    <div class="picture">
      <canvas
        ref={box}
        role="img"
        aria-label={t("corridor.picture")}
        data-way={data.id}
        data-lines={data.trucks.length}
        onMouseMove={(event) =>
          setFound(diagram.current?.find(event.offsetX, event.offsetY) ?? null)
        }
        onMouseLeave={() => setFound(null)}
      />
      {found && (
        <p class="found" style={{ left: `${found.x}px`, top: `${found.y}px` }}>
          {t("corridor.truck", {
            plate: found.plate ?? t("corridor.no_plate"),
            time: clockTime(new Date(found.at * 1000), site.timezone),
            km: (found.metres / 1000).toFixed(1),
            kmh: Math.round(found.kmh),
          })}
        </p>
      )}
    </div>
  );
}
