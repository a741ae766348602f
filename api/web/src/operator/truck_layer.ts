/** Trucks as one layer of points: five thousand move every second without a tile being cut anew. */

import { type CustomLayerInterface, type Map as GlMap, MercatorCoordinate } from "maplibre-gl";
import type { Truck } from "./live";
import { SHAPE, STATE_COLOUR, STATES } from "./palette";

const FLOATS = 6;
/** Rings stand this much outside of the shape, in its radii. */
const RING = 1.75;

const VERTEX = `#version 300 es
uniform mat4 u_matrix;
uniform float u_radius;
out float v_half;
in vec2 a_place;
in float a_state;
in float a_heading;
in float a_rings;
flat out int v_state;
flat out int v_rings;
flat out float v_heading;
void main() {
  gl_Position = u_matrix * vec4(a_place, 0.0, 1.0);
  // Only what is ringed needs room for rings: in software each pixel of it costs.
  v_half = a_rings > 0.0 ? u_radius * ${RING.toFixed(2)} + 1.0 : u_radius + 1.0;
  gl_PointSize = 2.0 * v_half;
  v_state = int(a_state);
  v_rings = int(a_rings);
  v_heading = a_heading;
}`;

/** Distances in radii of the shape (p: y downwards); one pixel of them is 1 / u_radius. */
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
uniform float u_radius;
uniform vec3 u_colours[${STATES.length}];
uniform int u_shapes[${STATES.length}];
uniform vec3 u_edge;
uniform vec3 u_ring;
in float v_half;
flat in int v_state;
flat in int v_rings;
flat in float v_heading;
out vec4 colour;
float inside(int shape, vec2 p) {
  vec2 q = abs(p);
  if (shape == 1) {
    float c = cos(v_heading), s = sin(v_heading);
    p = mat2(c, s, -s, c) * p;
    p = vec2(p.x, -p.y);
    return max(abs(p.x) * 1.9 + p.y - 0.95, -p.y - 0.8 + abs(p.x) * 0.35);
  }
  if (shape == 2) return max(q.x, q.y) - 0.82;
  if (shape == 3) return (q.x + q.y) * 0.8 - 0.9;
  if (shape == 4) return max(q.x * 0.866 + q.y * 0.5, q.y) - 0.9;
  if (shape == 5) return min(max(q.x - 0.36, q.y - 1.0), max(q.y - 0.36, q.x - 1.0));
  return length(p) - 0.85;
}
void main() {
  vec2 p = (gl_PointCoord - 0.5) * 2.0 * v_half / u_radius;
  float px = 1.0 / u_radius;
  int shape = u_shapes[v_state];
  float d = inside(shape, p);
  vec3 fill = u_colours[v_state];
  float a = 1.0 - smoothstep(-px, 0.0, d);
  colour = vec4(mix(u_edge, fill, 1.0 - smoothstep(-2.2 * px, -1.2 * px, d)), a);
  if (shape == 6) {
    float hollow = smoothstep(-2.6 * px, -1.6 * px, d);
    colour = vec4(fill, a * mix(0.12, 1.0, hollow));
  }
  float r = v_rings == 0 ? 0.0 : length(p);
  if ((v_rings & 1) != 0) {
    float ring = 1.0 - smoothstep(0.0, px, abs(r - 1.2) - 0.9 * px);
    colour = mix(colour, vec4(u_ring, 1.0), ring * (1.0 - colour.a * 0.3));
  }
  if ((v_rings & 2) != 0) {
    float ring = 1.0 - smoothstep(0.0, px, abs(r - 1.52) - 1.1 * px);
    colour = mix(colour, vec4(1.0, 0.25, 0.2, 1.0), ring);
  }
  if ((v_rings & 4) != 0) {
    float ring = 1.0 - smoothstep(0.0, px, abs(r - 1.62) - 1.2 * px);
    colour = mix(colour, vec4(u_ring, 1.0), ring);
  }
  if (colour.a < 0.02) discard;
  colour.rgb *= colour.a;
}`;

const HELD = 1;
const ALARMED = 2;
const SELECTED = 4;

/** Pixels of a truck's radius by zoom, as steps between which it grows evenly. */
const SIZES: readonly (readonly [number, number])[] = [
  [9, 4], [12, 5], [14, 7.5], [17, 12],
];

function sizeAt(zoom: number): number {
  const [first] = SIZES;
  let [belowAt, below] = first ?? [9, 4];
  for (const [at, size] of SIZES) {
    if (zoom < at) {
      if (at === belowAt) return size;
      return below + ((zoom - belowAt) / (at - belowAt)) * (size - below);
    }
    [belowAt, below] = [at, size];
  }
  return below;
}

function rgb(colour: string): [number, number, number] {
  const part = (from: number): number => parseInt(colour.slice(from, from + 2), 16) / 255;
  return [part(1), part(3), part(5)];
}

export class TruckLayer implements CustomLayerInterface {
  readonly id = "trucks";
  readonly type = "custom";
  readonly renderingMode = "2d";
  /** Trips in the order they are drawn, and what the drawing needs of each. */
  private ids = new Int32Array(1024);
  private places = new Float64Array(2048);
  private data = new Float32Array(1024 * FLOATS);
  private count = 0;
  private changed = true;
  private program: WebGLProgram | null = null;
  private buffer: WebGLBuffer | null = null;
  private array: WebGLVertexArrayObject | null = null;
  private readonly origin: MercatorCoordinate;
  private readonly matrix = new Float32Array(16);
  private map: GlMap | null = null;
  private dark = true;

  constructor(center: [number, number]) {
    this.origin = MercatorCoordinate.fromLngLat(center);
  }

  /** Take the trucks of now, those drawn last on top; `chosen` is ringed. */
  show(trucks: readonly Truck[], chosen: number | null): void {
    this.count = trucks.length;
    if (this.count > this.ids.length) this.grow();
    trucks.forEach((truck, i) => {
      const { x, y } = mercator(truck.lon, truck.lat);
      this.ids[i] = truck.id;
      this.places[2 * i] = truck.lon;
      this.places[2 * i + 1] = truck.lat;
      const rings =
        (truck.held ? HELD : 0) |
        (truck.alarmed ? ALARMED : 0) |
        (truck.id === chosen ? SELECTED : 0);
      // Relative to the site's middle: the precision of 32 bits is then millimetres, not metres.
      this.data[FLOATS * i] = x - this.origin.x;
      this.data[FLOATS * i + 1] = y - this.origin.y;
      this.data[FLOATS * i + 2] = STATES.indexOf(truck.state);
      this.data[FLOATS * i + 3] = ((truck.heading ?? 0) * Math.PI) / 180;
      this.data[FLOATS * i + 4] = rings;
    });
    this.changed = true;
    this.map?.triggerRepaint();
  }

  setDark(dark: boolean): void {
    this.dark = dark;
    this.map?.triggerRepaint();
  }

  /** The truck nearest to a point of the screen and within reach of it. */
  at(x: number, y: number, reach: number): number | null {
    const map = this.map;
    if (!map) return null;
    const near = reach + sizeAt(map.getZoom());
    const { x: west, y: south } = mercatorAt(map, x - near, y + near);
    const { x: east, y: north } = mercatorAt(map, x + near, y - near);
    const middle = mercatorAt(map, x, y);
    let best = Infinity;
    let found: number | null = null;
    for (let i = 0; i < this.count; i += 1) {
      const px = (this.data[FLOATS * i] ?? 0) + this.origin.x;
      const py = (this.data[FLOATS * i + 1] ?? 0) + this.origin.y;
      if (px < west || px > east || py > south || py < north) continue;
      const away = (px - middle.x) ** 2 + (py - middle.y) ** 2;
      if (away <= best) {
        best = away;
        found = this.ids[i] ?? null;
      }
    }
    return found;
  }

  /** How many trucks lie within the map's view. */
  inView(): number {
    if (!this.map) return 0;
    const bounds = this.map.getBounds();
    let n = 0;
    for (let i = 0; i < this.count; i += 1) {
      if (bounds.contains([this.places[2 * i] ?? 0, this.places[2 * i + 1] ?? 0])) n += 1;
    }
    return n;
  }

  onAdd(map: GlMap, gl: WebGL2RenderingContext): void {
    this.map = map;
    const program = gl.createProgram();
    for (const [kind, source] of [
      [gl.VERTEX_SHADER, VERTEX],
      [gl.FRAGMENT_SHADER, FRAGMENT],
    ] as const) {
      const shader = gl.createShader(kind);
      if (!shader) throw new Error("This browser makes no shader.");
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    }
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
      throw new Error(`The trucks cannot be drawn: ${gl.getProgramInfoLog(program)}`);
    }
    this.program = program;
    this.buffer = gl.createBuffer();
    this.array = gl.createVertexArray();
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    const parts = [["a_place", 2, 0], ["a_state", 1, 2], ["a_heading", 1, 3], ["a_rings", 1, 4]] as const;
    for (const [name, size, from] of parts) {
      const where = gl.getAttribLocation(program, name);
      gl.enableVertexAttribArray(where);
      gl.vertexAttribPointer(where, size, gl.FLOAT, false, 4 * FLOATS, 4 * from);
    }
    gl.bindVertexArray(null);
    this.changed = true;
  }

  onRemove(_map: GlMap, gl: WebGL2RenderingContext): void {
    gl.deleteProgram(this.program);
    gl.deleteBuffer(this.buffer);
    gl.deleteVertexArray(this.array);
    this.map = null;
  }

  render(
    gl: WebGL2RenderingContext,
    { defaultProjectionData: { mainMatrix } }: Parameters<CustomLayerInterface["render"]>[1],
  ): void {
    if (!this.program || !this.map || this.count === 0) return;
    gl.useProgram(this.program);
    gl.bindVertexArray(this.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, this.buffer);
    if (this.changed) {
      gl.bufferData(gl.ARRAY_BUFFER, this.data.subarray(0, FLOATS * this.count), gl.DYNAMIC_DRAW);
      this.changed = false;
    }
    const uniform = (name: string) => gl.getUniformLocation(this.program as WebGLProgram, name);
    gl.uniformMatrix4fv(uniform("u_matrix"), false, this.moved(mainMatrix as ArrayLike<number>));
    gl.uniform1f(uniform("u_radius"), sizeAt(this.map.getZoom()) * devicePixelRatio);
    gl.uniform3fv(uniform("u_colours"), STATES.flatMap((state) => rgb(STATE_COLOUR[state])));
    gl.uniform1iv(uniform("u_shapes"), STATES.map((state) => SHAPE[state]));
    const edge = this.dark ? 0.04 : 0.1;
    gl.uniform3f(uniform("u_edge"), edge, edge, edge);
    const ring = this.dark ? 1 : 0.05;
    gl.uniform3f(uniform("u_ring"), ring, ring, ring);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.drawArrays(gl.POINTS, 0, this.count);
    gl.bindVertexArray(null);
  }

  /** The map's matrix for places that are told from the origin, put together in 64 bits. */
  private moved(main: ArrayLike<number>): Float32Array {
    for (let row = 0; row < 4; row += 1) {
      for (let column = 0; column < 3; column += 1) {
        this.matrix[4 * column + row] = main[4 * column + row] ?? 0;
      }
      this.matrix[12 + row] =
        (main[row] ?? 0) * this.origin.x + (main[4 + row] ?? 0) * this.origin.y + (main[12 + row] ?? 0);
    }
    return this.matrix;
  }

  private grow(): void {
    const room = 2 ** Math.ceil(Math.log2(this.count));
    this.ids = new Int32Array(room);
    this.places = new Float64Array(2 * room);
    this.data = new Float32Array(room * FLOATS);
  }
}

function mercator(lon: number, lat: number): { x: number; y: number } {
  const radians = (lat * Math.PI) / 180;
  return {
    x: (180 + lon) / 360,
    y: (1 - Math.log(Math.tan(Math.PI / 4 + radians / 2)) / Math.PI) / 2,
  };
}

function mercatorAt(map: GlMap, x: number, y: number): { x: number; y: number } {
  const { lng, lat } = map.unproject([x, y]);
  return mercator(lng, lat);
}
