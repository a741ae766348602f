/** The live picture: one stream of events from the server, kept as signals. */

import { signal } from "@preact/signals";
import { getSession } from "../client";
import { ApiError } from "../request";
import type { GateLive, Live, Marks, TruckColumns, TruckState, YardLive } from "../types";

export interface Truck {
  id: number;
  plate: string;
  lon: number;
  lat: number;
  heading: number | null;
  speed: number | null;
  state: TruckState;
  fixedAt: number;
  gate: string | null;
  slot: number | null;
  /** No gate is called for it, by somebody's word. */
  held: boolean;
  /** An alert about it waits. */
  alarmed: boolean;
  /** It stands where a person said; no tracker tells. */
  byHand: boolean;
}

export interface Picture {
  at: string;
  gates: GateLive[];
  yards: YardLive[];
  alerts: number;
  /** Absent where the server is older than the page. */
  marks?: Marks | undefined;
}

const SILENCE_MS = 15_000;
const RETRY_MS = 3_000;

export class LiveLine {
  readonly picture = signal<Picture | null>(null);
  /** Counts the changes of `trucks`, which is one map for the life of the page. */
  readonly version = signal(0);
  readonly trucks = new Map<number, Truck>();
  /** Wall moment of the last event, epoch ms. */
  readonly heardAt = signal<number | null>(null);
  readonly up = signal(false);

  private source: EventSource | null = null;
  private timer = 0;

  constructor(private readonly onExpired: () => void) {}

  open(): void {
    this.close();
    const source = new EventSource("/v1/events");
    this.source = source;
    source.addEventListener("live", (event: MessageEvent<string>) => {
      this.take(JSON.parse(event.data) as Live);
    });
    source.addEventListener("error", () => {
      this.up.value = false;
      if (source.readyState === EventSource.CLOSED) this.later(RETRY_MS);
    });
    this.later(SILENCE_MS);
  }

  close(): void {
    clearTimeout(this.timer);
    this.source?.close();
    this.source = null;
  }

  private take(live: Live): void {
    // A line that came back may go on where it was: only what is whole replaces what is known.
    if (live.full) this.trucks.clear();
    merge(this.trucks, live.trucks);
    for (const id of live.gone ?? []) this.trucks.delete(id);
    this.picture.value = {
      at: live.at,
      gates: live.gates,
      yards: live.yards,
      alerts: live.alerts,
      marks: live.marks,
    };
    this.version.value += 1;
    this.heardAt.value = Date.now();
    this.up.value = true;
    this.later(SILENCE_MS);
  }

  /** A line that is closed, or open and says nothing, is opened anew: unless the session is over. */
  private later(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.up.value = false;
      getSession().then(
        () => this.open(),
        (error: unknown) => {
          if (error instanceof ApiError && error.status === 401) this.onExpired();
          else this.later(RETRY_MS);
        },
      );
    }, ms);
  }
}

function merge(trucks: Map<number, Truck>, columns: TruckColumns): void {
  columns.id.forEach((id, i) => {
    const lon = columns.lon[i];
    const lat = columns.lat[i];
    const state = columns.state[i];
    const fixedAt = columns.fixed_at[i];
    if (lon === undefined || lat === undefined || !state || fixedAt === undefined) return;
    const truck = trucks.get(id) ?? ({ id } as Truck);
    // Five thousand change each second: written over, they leave nothing to be swept up.
    truck.plate = columns.plate[i] ?? "";
    truck.lon = lon;
    truck.lat = lat;
    truck.heading = columns.heading[i] ?? null;
    truck.speed = columns.speed[i] ?? null;
    truck.state = state;
    truck.fixedAt = fixedAt;
    truck.gate = columns.gate[i] ?? null;
    truck.slot = columns.slot[i] ?? null;
    truck.held = columns.held?.[i] ?? false;
    truck.alarmed = columns.alarmed?.[i] ?? false;
    truck.byHand = columns.by_hand?.[i] ?? false;
    trucks.set(id, truck);
  });
}
