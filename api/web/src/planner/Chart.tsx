import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language, t } from "../language";

interface Props {
  name: string;
  title: string;
  /** Minutes after the local midnight the day begins with. */
  minutes: number[];
  without: number[];
  withControl: number[];
}

const HEIGHT = 220;
const QUIET = "#9db0bf";
const GRID = "#24303a";
const HOURS = [1, 2, 3, 4, 6].map((hours) => hours * 60);

function hourMinute(minutes: number): string {
  const day = ((Math.round(minutes) % 1440) + 1440) % 1440;
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${two(Math.floor(day / 60))}:${two(day % 60)}`;
}

function options(width: number): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: QUIET,
    grid: { stroke: GRID, width: 1 },
    ticks: { stroke: GRID, width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height: HEIGHT,
    scales: { x: { time: false }, y: { range: (_, __, most) => [0, Math.max(5, most * 1.08)] } },
    axes: [
      { ...axis, incrs: HOURS, values: (_, splits) => splits.map(hourMinute) },
      { ...axis, size: 44 },
    ],
    series: [
      { label: t("planner.time"), value: (_, at) => (at === null ? "–" : hourMinute(at)) },
      { label: t("planner.without"), stroke: "#ff8a4c", fill: "#ff8a4c1f", width: 2 },
      { label: t("planner.with"), stroke: "#4cc2ff", fill: "#4cc2ff1f", width: 2 },
    ],
    cursor: { y: false },
  };
}

export function Chart({ name, title, minutes, without, withControl }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const spoken = language.value;

  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const data: uPlot.AlignedData = [minutes, without, withControl];
    const plot = new uPlot(options(place.clientWidth), data, place);
    const resized = new ResizeObserver(() =>
      plot.setSize({ width: place.clientWidth, height: HEIGHT }),
    );
    resized.observe(place);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [minutes, without, withControl, spoken]);

  const drawn = [without, withControl].filter((curve) => curve.length === minutes.length).length;
  return (
    <figure data-chart={name} data-curves={drawn}>
      <figcaption>{title}</figcaption>
      <div ref={box} />
    </figure>
  );
}
