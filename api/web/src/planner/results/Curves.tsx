import "uplot/dist/uPlot.min.css";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { language } from "../../language";
import { dark, shade } from "../../parts/theme";
import { runColour, runDash } from "../palette";

/** A curve, and where it has them the edges between which most replications lie. */
export interface Curve {
  label: string;
  /** Which run it is of, for its colour and dash. */
  run: number;
  x: number[];
  y: (number | null)[];
  low?: (number | null)[];
  high?: (number | null)[];
}

interface Props {
  name: string;
  title: string;
  curves: Curve[];
  xLabel: string;
  /** Steps between which the axis may choose. */
  steps: number[];
  showX: (x: number) => string;
  showY: (y: number) => string;
  /** The axis reaches at least this far up. */
  least: number;
  /** A level worth seeing, such as a yard's places. */
  level?: { y: number; label: string } | undefined;
}

const HEIGHT = 230;
/** Two hex digits of opacity: bands of four runs still let each other through. */
const SHADE = "2b";

function series(curves: readonly Curve[], isDark: boolean, showY: Props["showY"]): uPlot.Series[] {
  return curves.flatMap((curve) => {
    const stroke = runColour(curve.run, isDark);
    const value: uPlot.Series["value"] = (_, at) => (at === null ? "–" : showY(at));
    const line = { label: curve.label, stroke, width: 2.2, dash: runDash(curve.run), value };
    // Edges only bound the band: the legend names the curve.
    const edge = { stroke: "transparent", width: 0, points: { show: false }, class: "edge" };
    return curve.low && curve.high
      ? [line, { ...edge, label: "" }, { ...edge, label: "" }]
      : [line];
  });
}

/** The dash of a curve as far as the edge of a mark can say it. */
function markOf([long]: number[]): string {
  if (long === undefined) return "solid";
  return long < 4 ? "dotted" : "dashed";
}

function bands(curves: readonly Curve[], isDark: boolean): uPlot.Band[] {
  let at = 1;
  const found: uPlot.Band[] = [];
  for (const curve of curves) {
    const has = curve.low && curve.high;
    if (has) found.push({ series: [at + 1, at + 2], fill: runColour(curve.run, isDark) + SHADE });
    at += has ? 3 : 1;
  }
  return found;
}

function table(curves: readonly Curve[]): uPlot.AlignedData {
  const tables = curves.map((one): uPlot.AlignedData =>
    one.low && one.high ? [one.x, one.y, one.high, one.low] : [one.x, one.y],
  );
  return tables.length === 1 ? (tables[0] ?? [[]]) : uPlot.join(tables);
}

function drawLevel(plot: uPlot, { y, label }: NonNullable<Props["level"]>): void {
  const { ctx, bbox } = plot;
  const at = plot.valToPos(y, "y", true);
  if (at < bbox.top || at > bbox.top + bbox.height) return;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = shade("--bad");
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, at);
  ctx.lineTo(bbox.left + bbox.width, at);
  ctx.stroke();
  ctx.textAlign = "right";
  ctx.fillText(label, bbox.left + bbox.width - 6, at - 6);
  ctx.restore();
}

function options(props: Props, width: number, isDark: boolean): uPlot.Options {
  const { level } = props;
  const axis: uPlot.Axis = {
    stroke: shade("--quiet"),
    grid: { stroke: shade("--line"), width: 1 },
    ticks: { stroke: shade("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  const top = (most: number): number => Math.max(props.least, most * 1.08);
  return {
    width,
    height: HEIGHT,
    scales: {
      x: { time: false },
      y: { range: (_, __, most) => [0, top(Number.isFinite(most) ? most : 0)] },
    },
    axes: [
      { ...axis, incrs: props.steps, values: (_, splits) => splits.map(props.showX) },
      { ...axis, size: 54, values: (_, splits) => splits.map(props.showY) },
    ],
    series: [
      { label: props.xLabel, value: (_, at) => (at === null ? "–" : props.showX(at)) },
      ...series(props.curves, isDark, props.showY),
    ],
    bands: bands(props.curves, isDark),
    legend: { markers: { width: 3, dash: (plot, k) => markOf(plot.series[k]?.dash ?? []) } },
    cursor: { y: false },
    ...(level ? { hooks: { draw: [(plot: uPlot) => drawLevel(plot, level)] } } : {}),
  };
}

/** Curves of several runs in one picture, with the band of each. */
export function Curves(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  const spoken = language.value;
  const isDark = dark.value;
  const { name, title, curves } = props;

  useEffect(() => {
    const place = box.current;
    if (!place || curves.length === 0) return undefined;
    const plot = new uPlot(options(props, place.clientWidth, isDark), table(curves), place);
    const resized = new ResizeObserver(() =>
      plot.setSize({ width: place.clientWidth, height: HEIGHT }),
    );
    resized.observe(place);
    return () => {
      resized.disconnect();
      plot.destroy();
    };
  }, [curves, spoken, isDark]);

  return (
    <figure class="curves" data-chart={name} data-curves={curves.length}>
      <figcaption>{title}</figcaption>
      <div ref={box} />
    </figure>
  );
}
