/** Messages to drivers, as the server tells operators of them. Instants are ISO 8601 text. */

import type { MessageKind } from "../types";

export type MessageState = "waiting" | "sent" | "superseded" | "expired" | "limited" | "dead";

export interface MessageRecord {
  id: number;
  trip_id: number;
  plate: string;
  kind: MessageKind;
  state: MessageState;
  created_at: string;
  gateway: string | null;
  attempts: number;
  /** Why it was given up, a sentence. */
  trouble: string | null;
}

export interface GatewaySum {
  gateway: string;
  /** Null where nobody said what a part costs. */
  currency: string | null;
  messages: number;
  parts: number;
  /** A decimal number as text. */
  cost: string | null;
  delivered: number;
  failed: number;
}

export interface SeenGateway {
  gateway: string;
  state: "open" | "busy" | "away";
  rate_per_s: number;
  trouble: string | null;
  /** Wall time, as the clock on the desk goes. */
  changed_wall_at: string;
}

/** The local day's messages; `dead` ones wait for somebody's word, on whatever day. */
export interface MessageSummary {
  states: Partial<Record<MessageState, number>>;
  dead: number;
  sent: GatewaySum[];
  gateways: SeenGateway[];
}
