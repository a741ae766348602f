import { nameOf, t } from "../language";
import { clockTime, instant } from "../time";
import type { DriverView, Point } from "../types";

/** Size of the drawing, its own units; the page scales it to the phone's width. */
const WIDTH = 328;
const HEIGHT = 220;
const MARGIN = 24;

type Place = (point: Point) => Point;

/** Fit points into the drawing, north up, with equal scales: local, so a plane is true enough. */
function fitted(points: Point[]): Place {
  const lats = points.map(([, lat]) => lat);
  const squeeze = Math.cos((((Math.min(...lats) + Math.max(...lats)) / 2) * Math.PI) / 180);
  const xs = points.map(([lon]) => lon * squeeze);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...lats), Math.max(...lats)];
  const scale = Math.min(
    (WIDTH - 2 * MARGIN) / Math.max(right - left, 1e-4),
    (HEIGHT - 2 * MARGIN) / Math.max(top - bottom, 1e-4),
  );
  return ([lon, lat]) => [
    WIDTH / 2 + (lon * squeeze - (left + right) / 2) * scale,
    HEIGHT / 2 - (lat - (bottom + top) / 2) * scale,
  ];
}

interface MarkProps {
  at: Point;
  kind: "yard" | "gate" | "truck";
}

function Mark({ at: [x, y], kind }: MarkProps) {
  if (kind === "gate") return <rect class={kind} x={x - 8} y={y - 8} width="16" height="16" rx="3" />;
  return <circle class={kind} cx={x} cy={y} r={kind === "truck" ? 10 : 6} />;
}

/** A place's name beside its mark, on the side where the drawing has more room. */
function Name({ at: [x, y], name }: { at: Point; name: string }) {
  const left = x > WIDTH / 2;
  return (
    <text x={left ? x - 14 : x + 14} y={y + 5} text-anchor={left ? "end" : "start"}>
      {name}
    </text>
  );
}

/** The way to the gate, and where the truck was seen last. Not a road map: nothing to load. */
export function WayMap({ view }: { view: DriverView }) {
  const { way, position } = view;
  if (!way || way.line.length < 2) return null;
  const here: Point | null = position && [position.lon, position.lat];
  const ends = [way.yard, way.gate, here].filter((one) => one !== null);
  const place = fitted([...way.line, ...ends]);
  const line = way.line.map((point) => place(point).map((n) => n.toFixed(1)).join(","));
  return (
    <figure class="way">
      <h2>{t("driver.way")}</h2>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={t("driver.way")}>
        <polyline points={line.join(" ")} />
        {way.gate && <Mark at={place(way.gate)} kind="gate" />}
        {here && <Mark at={place(here)} kind="truck" />}
        {/* Above the others: gate and truck are larger and still show around it. */}
        {way.yard && <Mark at={place(way.yard)} kind="yard" />}
        {way.yard && view.yard && <Name at={place(way.yard)} name={nameOf(view.yard.name)} />}
      </svg>
      <figcaption>
        {position && (
          <span class="truck">
            {t("driver.way_you", { time: clockTime(instant(position.at), view.timezone) })}
          </span>
        )}
        {way.yard && view.yard && <span class="yard">{nameOf(view.yard.name)}</span>}
        {way.gate && view.gate && <span class="gate">{nameOf(view.gate.name)}</span>}
      </figcaption>
    </figure>
  );
}
