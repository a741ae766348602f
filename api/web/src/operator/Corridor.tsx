import { useEffect, useRef, useState } from "preact/hooks";
import { getSpacetime, listCorridors } from "../client";
import { language, nameOf, t } from "../language";
import { problem } from "../parts/problem";
import { dark } from "../parts/theme";
import {
  clockTime,
  counted,
  dayAfter,
  dayStart,
  decimal,
  instant,
  localDay,
  wholeNumber,
} from "../time";
import type { Site, Spacetime, Way } from "../types";
import { Days } from "./Days";
import { Diagram, type Found, SPEED_COLOURS } from "./spacetime";

const REFRESH_MS = 30_000;
interface Props {
  site: Site;
  /** The present domain moment, ISO; null before the first word of the server. */
  at: string | null;
  /** The trip whose line stands out. */
  marked: number | null;
  onPick: (trip: number) => void;
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

function Count({ data }: { data: Spacetime }) {
  const { seen, elsewhere } = data;
  if (elsewhere === 0) return <b>{counted("corridor.trucks", seen)}</b>;
  const words = { n: wholeNumber(seen), elsewhere: wholeNumber(elsewhere) };
  return <b>{t("corridor.trucks_elsewhere", words)}</b>;
}

export function Corridor({ site, at, marked, onPick }: Props) {
  const [ways, setWays] = useState<Way[]>([]);
  const [way, setWay] = useState<string | null>(null);
  /** Null: the last hours. */
  const [day, setDay] = useState<string | null>(null);
  const [data, setData] = useState<Spacetime | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const today = at === null ? null : localDay(instant(at), site.timezone);
  const past = day !== null && day !== today;

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
      const since = day === null ? undefined : dayStart(day, site.timezone);
      const until = past ? dayStart(dayAfter(day, 1), site.timezone) : undefined;
      getSpacetime(way, since, until).then(
        (found) => {
          if (gone) return;
          setData(found);
          setWrong(null);
        },
        (error: unknown) => !gone && setWrong(error),
      );
    };
    setData(null);
    ask();
    const timer = past ? undefined : setInterval(ask, REFRESH_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [way, day, past, site.timezone]);

  const anybody = data !== null && data.trucks.length > 0;
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
        <Days today={today} day={day} onDay={setDay} />
        {anybody && <Count data={data} />}
        {anybody && <Scale fastest={data.fastest_kmh} />}
      </header>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {data === null && wrong === null && <p class="empty">{t("common.loading")}</p>}
      {data !== null && !anybody && <p class="empty">{t("corridor.empty")}</p>}
      {anybody && <Picture data={data} site={site} marked={marked} onPick={onPick} />}
    </section>
  );
}

/** Above the point, and as far to the left of it as keeps the words inside the picture. */
const placed = ({ x, y }: Found, width: number) => ({
  left: `${x}px`,
  top: `${y}px`,
  transform: `translate(${(-100 * x) / width}%, calc(-100% - 10px))`,
});

type PictureProps = Pick<Props, "site" | "marked" | "onPick"> & { data: Spacetime };

function Picture({ data, site, marked, onPick }: PictureProps) {
  const box = useRef<HTMLCanvasElement>(null);
  const diagram = useRef<Diagram | null>(null);
  const [found, setFound] = useState<Found | null>(null);
  const spoken = language.value;
  const isDark = dark.value;

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
        marked,
      });
    };
    const resized = new ResizeObserver(draw);
    resized.observe(canvas);
    setFound(null);
    return () => resized.disconnect();
  }, [data, site, spoken, marked, isDark]);

  return (
    <div class="picture">
      <canvas
        ref={box}
        role="img"
        aria-label={t("corridor.picture")}
        data-way={data.id}
        data-lines={data.trucks.length}
        data-marked={data.trucks.some((truck) => truck.trip === marked) ? marked : undefined}
        style={{ cursor: found?.trip ? "pointer" : "" }}
        onClick={(event) => {
          const hit = diagram.current?.find(event.offsetX, event.offsetY);
          if (hit?.trip) onPick(hit.trip);
        }}
        onMouseMove={(event) =>
          setFound(diagram.current?.find(event.offsetX, event.offsetY) ?? null)
        }
        onMouseLeave={() => setFound(null)}
      />
      {found && (
        <p class="found" style={placed(found, box.current?.clientWidth ?? 1)}>
          {t("corridor.truck", {
            plate: found.plate ?? t("corridor.no_plate"),
            time: clockTime(new Date(found.at * 1000), site.timezone),
            km: decimal(found.metres / 1000, 1, 1),
            kmh: Math.round(found.kmh),
          })}
        </p>
      )}
    </div>
  );
}
