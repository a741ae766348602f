import { useMemo, useState } from "preact/hooks";
import { language, nameOf, t } from "../../language";
import { dark, shade } from "../../parts/theme";
import { problem } from "../../parts/problem";
import { clockTime, wholeNumber } from "../../time";
import type { Site } from "../../types";
import type { TruckColumns } from "../types";
import { isExport, spanOf, useTrucks } from "./journeys";
import { useCanvas } from "./useCanvas";

const TOP = 4;
const BOTTOM = 24;
const LEFT = 8;
const HOUR_S = 3600;
const SLOT_S = 900;
const FONT = "12px system-ui, sans-serif";
/** A stretch of a truck's day: from which moment to which, and the colour of where it is. */
const STRETCHES = [
  ["yard_at", "left_at", "--staged", "yard"],
  ["left_at", "gate_at", "--released", "road"],
  ["gate_at", "start_at", "--queued", "queue"],
  ["start_at", "clear_at", "--in-lane", "lane"],
] as const;

/** The exports of a gate in the order of their slots, of their readiness where there are none. */
function rowsOf(trucks: TruckColumns, gate: number): number[] {
  const order = (i: number): number =>
    trucks.slot_at[i] ?? trucks.ready_at[i] ?? trucks.yard_at[i] ?? Infinity;
  return trucks.gate
    .map((_, i) => i)
    .filter((i) => trucks.gate[i] === gate && isExport(trucks, i) && trucks.yard_at[i] !== null)
    .sort((a, b) => order(a) - order(b));
}

/** The gate with the most exports. */
function busiest(trucks: TruckColumns): number {
  const counts = trucks.gates.map((_, gate) => rowsOf(trucks, gate).length);
  return counts.indexOf(Math.max(...counts));
}

/** The day of every truck as a line: yard, road, queue, lane, and the slot it was told. */
export function Lives({ id, site }: { id: number; site: Site }) {
  const { trucks, wrong } = useTrucks(id);
  const [chosen, setGate] = useState<number | null>(null);
  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!trucks) return <p class="quiet">{t("common.loading")}</p>;
  const gate = chosen ?? busiest(trucks);
  return (
    <figure class="lives">
      <figcaption>
        {t("planner.lives")}{" "}
        <select
          aria-label={t("planner.gate")}
          value={gate}
          onChange={({ currentTarget }) => setGate(Number(currentTarget.value))}
        >
          {trucks.gates.map((one, n) => {
            const known = site.gates.find(({ id: own }) => own === one);
            return (
              <option key={one} value={n}>
                {known ? nameOf(known.name) : one}
              </option>
            );
          })}
        </select>
        <Stages slots={trucks.slot_at.some((at) => at !== null)} />
      </figcaption>
      <Picture trucks={trucks} gate={gate} timezone={site.timezone} />
    </figure>
  );
}

function Stages({ slots }: { slots: boolean }) {
  return (
    <span class="stages">
      {STRETCHES.map(([, , colour, stage]) => (
        <span key={stage}>
          <i style={{ background: `var(${colour})` }} /> {t(`planner.stage_${stage}`)}
        </span>
      ))}
      {slots && (
        <span>
          <i class="told" /> {t("planner.stage_slot")}
        </span>
      )}
    </span>
  );
}

interface PictureProps {
  trucks: TruckColumns;
  gate: number;
  timezone: string;
}

function Picture({ trucks, gate, timezone }: PictureProps) {
  const rows = useMemo(() => rowsOf(trucks, gate), [trucks, gate]);
  const spoken = language.value;
  const isDark = dark.value;
  const box = useCanvas(
    (context, width, height) => {
      const [first, last] = spanOf(trucks);
      const x = (at: number): number => LEFT + ((width - 2 * LEFT) * (at - first)) / (last - first);
      const high = (height - TOP - BOTTOM) / Math.max(1, rows.length);
      drawHours(context, { first, last, x, height, timezone });
      rows.forEach((i, k) => {
        const y = TOP + k * high;
        for (const [from, until, colour] of STRETCHES) {
          const begin = trucks[from][i] ?? null;
          if (begin === null) continue;
          const end = trucks[until][i] ?? trucks.turned_at[i] ?? last;
          context.fillStyle = shade(colour);
          context.fillRect(x(begin), y, Math.max(1, x(end) - x(begin)), Math.max(0.8, high * 0.85));
        }
      });
      context.fillStyle = shade("--mark");
      rows.forEach((i, k) => {
        const slot = trucks.slot_at[i] ?? null;
        if (slot === null) return;
        context.fillRect(x(slot), TOP + k * high, 1.2, Math.max(1, high));
        context.fillRect(x(slot + SLOT_S), TOP + k * high, 1.2, Math.max(1, high));
      });
    },
    [trucks, rows, spoken, isDark],
  );
  return (
    <canvas
      ref={box}
      role="img"
      aria-label={t("planner.lives_said", { n: wholeNumber(rows.length) })}
      data-lives={rows.length}
    />
  );
}

interface Frame {
  first: number;
  last: number;
  x: (at: number) => number;
  height: number;
  timezone: string;
}

function drawHours(context: CanvasRenderingContext2D, frame: Frame): void {
  const { first, last, x, height, timezone } = frame;
  const step = last - first > 30 * HOUR_S ? 6 * HOUR_S : 2 * HOUR_S;
  context.font = FONT;
  context.textAlign = "center";
  context.strokeStyle = shade("--line");
  context.fillStyle = shade("--quiet");
  for (let at = Math.ceil(first / step) * step; at <= last; at += step) {
    context.beginPath();
    context.moveTo(x(at), TOP);
    context.lineTo(x(at), height - BOTTOM);
    context.stroke();
    const place = Math.min(Math.max(x(at), 20), x(last) - 12);
    context.fillText(clockTime(new Date(at * 1000), timezone), place, height - 8);
  }
}
