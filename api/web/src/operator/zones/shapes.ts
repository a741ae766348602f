/** Outlines: moved, counted, written as text and read from it. */

import type { Drawn, Shape } from "./api";

const METRES_A_DEGREE = 111_200;
/** A ten-millionth of a degree is a centimetre; more would be noise of the drawing. */
const DIGITS = 7;

export const rounded = (n: number): number => Number(n.toFixed(DIGITS));

const mapped = (
  shape: Shape,
  move: (at: GeoJSON.Position) => GeoJSON.Position,
): Shape =>
  shape.type === "Polygon"
    ? { type: "Polygon", coordinates: shape.coordinates.map((ring) => ring.map(move)) }
    : {
        type: "MultiPolygon",
        coordinates: shape.coordinates.map((part) => part.map((ring) => ring.map(move))),
      };

/** The outline as a map draws it: a centimetre is fine enough. */
export const drawnRound = (shape: Shape): Shape =>
  mapped(shape, ([lon = 0, lat = 0]) => [rounded(lon), rounded(lat)]);

export const shapeKey = (shape: Shape): string => JSON.stringify(drawnRound(shape));

/** Moved by metres to the east and the north. */
export function moved(shape: Shape, east: number, north: number): Shape {
  const [, latitude = 0] = corners(shape)[0] ?? [];
  const wide = METRES_A_DEGREE * Math.cos((latitude * Math.PI) / 180);
  return mapped(shape, ([lon = 0, lat = 0]) => [
    rounded(lon + east / wide),
    rounded(lat + north / METRES_A_DEGREE),
  ]);
}

export const corners = (shape: Shape): GeoJSON.Position[] =>
  shape.type === "Polygon" ? shape.coordinates.flat() : shape.coordinates.flat(2);

/** One outline without holes is what hands can pull at. */
export const isSimple = (shape: Shape): shape is GeoJSON.Polygon =>
  shape.type === "Polygon" && shape.coordinates.length === 1;

/** A square of this many metres around a place. */
export function square([lon = 0, lat = 0]: GeoJSON.Position, metres: number): GeoJSON.Polygon {
  const ring = [[lon, lat], [lon, lat], [lon, lat], [lon, lat], [lon, lat]];
  const whole: GeoJSON.Polygon = { type: "Polygon", coordinates: [ring] };
  const half = metres / 2;
  const at = ([e, n]: readonly [number, number]): GeoJSON.Position =>
    corners(moved(whole, e * half, n * half))[0] ?? [];
  const around = ([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]] as const).map(at);
  return { type: "Polygon", coordinates: [around] };
}

/** Square metres of the outline, holes left out. */
export function area(shape: Shape): number {
  const parts = shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates;
  const sum = parts.flatMap((rings) => rings.map((ring, n) => (n ? -1 : 1) * ringArea(ring)));
  return sum.reduce((one, other) => one + other, 0);
}

function ringArea(ring: GeoJSON.Position[]): number {
  const [, latitude = 0] = ring[0] ?? [];
  const wide = METRES_A_DEGREE * Math.cos((latitude * Math.PI) / 180);
  let twice = 0;
  for (let n = 1; n < ring.length; n++) {
    const [a = 0, b = 0] = ring[n - 1] ?? [];
    const [c = 0, d = 0] = ring[n] ?? [];
    twice += (a * d - c * b) * wide * METRES_A_DEGREE;
  }
  return Math.abs(twice / 2);
}

export const asText = (ring: GeoJSON.Position[]): string =>
  ring
    .slice(0, -1)
    .map(([lon = 0, lat = 0]) => `${rounded(lon)}, ${rounded(lat)}`)
    .join("\n");

/** The places of a text, one a line: longitude, latitude; the number of the line that is none. */
export function readPlaces(text: string): GeoJSON.Position[] | number {
  const places: GeoJSON.Position[] = [];
  for (const [n, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const numbers = line.split(/[\s,;]+/).filter((part) => part !== "").map(Number);
    if (numbers.length !== 2 || !numbers.every(Number.isFinite)) return n + 1;
    places.push(numbers);
  }
  return places;
}

/** A name for machines nobody has yet. */
export function freeId(features: Drawn[], stem: string): string {
  const taken = new Set(features.map((one) => one.properties.id));
  for (let n = 2; ; n++) if (!taken.has(`${stem}_${n}`)) return `${stem}_${n}`;
}
