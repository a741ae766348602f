import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language, t } from "../language";
import { clockTime } from "../time";

interface Props {
  name: string;
  title: string;
  /** Epoch seconds, one a minute. */
  minutes: number[];
  timezone: string;
  without: number[];
  withControl: number[];
}

const HEIGHT = 220;
const QUIET = "#9db0bf";
const GRID = "#24303a";
const HOURS = [1, 2, 3, 4, 6].map((hours) => hours * 3600);

function options(width: number, timezone: string): uPlot.Options {
  const hourMinute = (seconds: number): string => clockTime(new Date(seconds * 1000), timezone);
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
      { label: t("planner.without"), stroke: "#ff8a4c", fill: "#ff8a4c1f", width: 3.5 },
      { label: t("planner.with"), stroke: "#4cc2ff", width: 1.8 },
    ],
    cursor: { y: false },
  };
}

export function Chart({ name, title, minutes, timezone, without, withControl }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const spoken = language.value;

  useEffect(() => {
    const place = box.current;
    if (!place) return undefined;
    const data: uPlot.AlignedData = [minutes, without, withControl];
    const plot = new uPlot(options(place.clientWidth, timezone), data, place);
    const resized = new ResizeObserver(() =>
      plot.setSize({ width: place.clientWidth, height: HEIGHT }),
    );
    resized.observe(place);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [minutes, timezone, without, withControl, spoken]);

  const drawn = [without, withControl].filter((curve) => curve.length === minutes.length).length;
  return (
    <figure data-chart={name} data-curves={drawn}>
      <figcaption>{title}</figcaption>
      <div ref={box} />
    </figure>
  );
}
