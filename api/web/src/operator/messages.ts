/** Messages to drivers, as the server tells operators of them. Instants are ISO 8601 text. */

import type { Described } from "../call";
import type { MessageKind } from "../types";

export type MessageState = "waiting" | "sent" | "superseded" | "expired" | "limited" | "dead";

/** `trouble` is why it was given up, a sentence. */
export interface MessageRecord extends Described<"MessageRecord"> {
  kind: MessageKind;
  state: MessageState;
}

/** `cost` is a decimal number as text; no currency where nobody said what a part costs. */
export type GatewaySum = Described<"GatewaySum">;

/** Since when it is so is wall time, as the clock on the desk goes. */
export interface SeenGateway extends Described<"SeenGateway"> {
  state: "open" | "busy" | "away";
}

/** The local day's messages; `dead` ones wait for somebody's word, on whatever day. */
export interface MessageSummary extends Described<"MessageSummary"> {
  states: Partial<Record<MessageState, number>>;
  gateways: SeenGateway[];
}
