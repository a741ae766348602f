/** The space-time diagram on a canvas: time from left to right, distance to the end from top down. */

import { shade } from "../parts/theme";
import { clockTime, dayStart, decimal, localDay } from "../time";
import type { Spacetime, TruckLine } from "../types";

const LEFT = 58;
/** Half a time of day, which stands below the last tick. */
const RIGHT = 24;
/** Two lines of words: what is measured, and above closed hours that they are. */
const TOP = 46;
const BOTTOM = 30;
const FONT = "12px system-ui, sans-serif";
const MARKED = "#ff4fd8";
const REACH_PX = 10;
/** How much of a line's colour is left where its truck is bound elsewhere. */
const FAINT = 0.35;
const HOUR_S = 3600;
/** A tick at least this far from the next. */
const TICK_PX = 72;
const TIME_STEPS_S = [15 * 60, 30 * 60, HOUR_S, 2 * HOUR_S, 3 * HOUR_S, 6 * HOUR_S];

/** Standing to fast, amber over grey to blue: told apart by every kind of colour vision. */
export const SPEED_COLOURS = [
  "#ffb547",
  "#f0a860",
  "#d9a27c",
  "#b9a79c",
  "#93abb8",
  "#6fb3d6",
  "#4cc2ff",
] as const;

export interface Words {
  distance: string;
  closed: string;
  /** The trip whose line stands out. */
  marked: number | null;
}

/** What lies under the pointer: a truck, the moment (epoch s) and where it was and how fast. */
export interface Found {
  plate: string | null;
  trip: number | null;
  at: number;
  metres: number;
  kmh: number;
  x: number;
  y: number;
}

/** How pieces of lines are coloured: which of `colours` has the piece that ends at point `k`. */
export interface Tints {
  colours: readonly string[];
  of: (line: TruckLine, k: number) => number;
}

export class Diagram {
  private readonly seconds: number;
  private readonly since: number;
  private readonly near: number;
  private readonly far: number;

  constructor(
    private readonly data: Spacetime,
    private readonly width: number,
    private readonly height: number,
    private readonly timezone: string,
    /** By their speed, where nothing else is said. */
    private readonly tints: Tints = {
      colours: SPEED_COLOURS,
      of: ({ s, m }, k) =>
        colourOf(speed(s[k - 1] ?? 0, s[k] ?? 0, m[k - 1] ?? 0, m[k] ?? 0), data.fastest_kmh),
    },
  ) {
    this.since = Date.parse(data.since) / 1000;
    this.seconds = Date.parse(data.until) / 1000 - this.since;
    const metres = data.trucks.flatMap((truck) => truck.m);
    this.near = metres.reduce((least, m) => Math.min(least, m), 0);
    this.far = metres.reduce((most, m) => Math.max(most, m), this.near + 100) * 1.02;
  }

  draw(context: CanvasRenderingContext2D, words: Words): void {
    context.clearRect(0, 0, this.width, this.height);
    context.font = FONT;
    this.drawClosed(context, words.closed);
    this.drawAxes(context, words.distance);
    this.drawTrucks(context);
    this.drawMarked(context, words.marked);
  }

  /** The truck whose line passes closest to a point, if one does. */
  find(x: number, y: number): Found | null {
    let best: Found | null = null;
    let least = REACH_PX;
    for (const truck of this.data.trucks) {
      for (let k = 1; k < truck.s.length; k += 1) {
        const [s0, s1] = [truck.s[k - 1] ?? 0, truck.s[k] ?? 0];
        const [m0, m1] = [truck.m[k - 1] ?? 0, truck.m[k] ?? 0];
        const [x0, x1] = [this.x(s0), this.x(s1)];
        if (x < x0 - REACH_PX || x > x1 + REACH_PX) continue;
        const [y0, y1] = [this.y(m0), this.y(m1)];
        const long = (x1 - x0) ** 2 + (y1 - y0) ** 2;
        const along = long > 0 ? ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long : 0;
        const share = Math.min(1, Math.max(0, along));
        const [px, py] = [x0 + share * (x1 - x0), y0 + share * (y1 - y0)];
        const off = Math.hypot(px - x, py - y);
        if (off >= least) continue;
        least = off;
        best = {
          plate: truck.plate,
          trip: truck.trip,
          at: this.since + s0 + share * (s1 - s0),
          metres: m0 + share * (m1 - m0),
          kmh: speed(s0, s1, m0, m1),
          x: px,
          y: py,
        };
      }
    }
    return best;
  }

  private x(seconds: number): number {
    return LEFT + ((this.width - LEFT - RIGHT) * seconds) / this.seconds;
  }

  /** The end of the road lies at the bottom, as on a map of the way there. */
  private y(metres: number): number {
    const share = (this.far - metres) / (this.far - this.near);
    return TOP + (this.height - TOP - BOTTOM) * share;
  }

  private drawClosed(context: CanvasRenderingContext2D, word: string): void {
    context.textAlign = "center";
    for (const [begin, end] of this.data.closed) {
      const [left, right] = [this.x(begin), this.x(end)];
      context.fillStyle = shade("--panel");
      context.fillRect(left, TOP, right - left, this.height - TOP - BOTTOM);
      context.fillStyle = shade("--quiet");
      if (right - left > context.measureText(word).width) {
        context.fillText(word, (left + right) / 2, TOP - 7);
      }
    }
  }

  private drawAxes(context: CanvasRenderingContext2D, distance: string): void {
    context.strokeStyle = shade("--line");
    context.fillStyle = shade("--quiet");
    context.lineWidth = 1;
    context.beginPath();
    context.textAlign = "center";
    for (const seconds of this.timeTicks()) {
      const x = Math.round(this.x(seconds)) + 0.5;
      context.moveTo(x, TOP);
      context.lineTo(x, this.height - BOTTOM);
      const at = new Date((this.since + seconds) * 1000);
      context.fillText(clockTime(at, this.timezone), x, this.height - BOTTOM + 18);
    }
    context.textAlign = "right";
    const step = kilometreStep((this.far - this.near) / 1000);
    for (let km = Math.ceil(this.near / 1000 / step) * step; km * 1000 <= this.far; km += step) {
      const y = Math.round(this.y(km * 1000)) + 0.5;
      context.moveTo(LEFT, y);
      context.lineTo(this.width - RIGHT, y);
      context.fillText(decimal(km, 0, 2), LEFT - 8, y + 4);
    }
    context.stroke();
    if (this.near < 0) this.drawStopLine(context);
    context.textAlign = "left";
    context.fillText(distance, 10, 17);
  }

  private drawStopLine(context: CanvasRenderingContext2D): void {
    context.strokeStyle = shade("--quiet");
    context.beginPath();
    context.moveTo(LEFT, Math.round(this.y(0)) + 0.5);
    context.lineTo(this.width - RIGHT, Math.round(this.y(0)) + 0.5);
    context.stroke();
  }

  private timeTicks(): number[] {
    const room = (this.width - LEFT - RIGHT) / TICK_PX;
    const step = TIME_STEPS_S.find((one) => this.seconds / one <= room) ?? 6 * HOUR_S;
    // From local midnight on: every third hour is 03:00, 06:00 and not what that is in UTC.
    const midnight = dayStart(localDay(new Date(this.since * 1000), this.timezone), this.timezone);
    const first = midnight.getTime() / 1000 - this.since;
    const ticks: number[] = [];
    for (let at = first; at <= this.seconds; at += step) if (at >= 0) ticks.push(at);
    return ticks;
  }

  private drawTrucks(context: CanvasRenderingContext2D): void {
    const { trucks } = this.data;
    context.globalAlpha = FAINT;
    this.drawLines(
      context,
      trucks.filter((truck) => truck.elsewhere),
    );
    context.globalAlpha = 1;
    this.drawLines(
      context,
      trucks.filter((truck) => !truck.elsewhere),
    );
  }

  private drawMarked(context: CanvasRenderingContext2D, trip: number | null): void {
    if (trip === null) return;
    const path = new Path2D();
    for (const truck of this.data.trucks) {
      if (truck.trip !== trip) continue;
      truck.s.forEach((s, k) => {
        const [x, y] = [this.x(s), this.y(truck.m[k] ?? 0)];
        if (k === 0) path.moveTo(x, y);
        else path.lineTo(x, y);
      });
    }
    context.lineWidth = 4;
    context.strokeStyle = MARKED;
    context.stroke(path);
  }

  /** One path a colour: a thousand lines are drawn in a few milliseconds. */
  private drawLines(context: CanvasRenderingContext2D, trucks: TruckLine[]): void {
    const { colours, of } = this.tints;
    const paths = colours.map(() => new Path2D());
    for (const truck of trucks) {
      for (let k = 1; k < truck.s.length; k += 1) {
        const [s0, s1] = [truck.s[k - 1] ?? 0, truck.s[k] ?? 0];
        const [m0, m1] = [truck.m[k - 1] ?? 0, truck.m[k] ?? 0];
        const path = paths[of(truck, k)];
        path?.moveTo(this.x(s0), this.y(m0));
        path?.lineTo(this.x(s1), this.y(m1));
      }
    }
    context.lineWidth = this.data.trucks.length > 200 ? 1 : 1.6;
    // The slow ones last, for they are the queue.
    for (const [k, path] of [...paths.entries()].reverse()) {
      context.strokeStyle = colours[k] ?? shade("--quiet");
      context.stroke(path);
    }
  }
}

function speed(s0: number, s1: number, m0: number, m1: number): number {
  return (Math.abs(m1 - m0) / Math.max(1, s1 - s0)) * 3.6;
}

function colourOf(kmh: number, fastest: number): number {
  const last = SPEED_COLOURS.length - 1;
  return Math.min(last, Math.round((kmh / Math.max(1, fastest)) * last));
}

function kilometreStep(range: number): number {
  const steps = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];
  return steps.find((step) => range / step <= 8) ?? 100;
}
