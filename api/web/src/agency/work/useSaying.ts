import { useRef, useState } from "preact/hooks";
import { ApiError, newKey } from "../../request";
import type { Belongs, Bulk } from "../types";
import { platesOf, type Told } from "./Outcome";
import { type Saying, send, settledBy } from "./SayDialog";

/** A word on its way: said at once where it needs nothing more, else asked for what it needs. */
export function useSaying(desk: Belongs, again: () => void) {
  const [asks, setAsks] = useState<Saying | null>(null);
  const [told, setTold] = useState<Told | null>(null);
  const [busy, setBusy] = useState(false);
  const last = useRef({ said: "", key: newKey() });

  function done(bulk: Bulk, saying: Saying): void {
    setTold({ bulk, wrong: null, plates: platesOf(saying.items) });
    again();
  }

  async function sendNow(saying: Saying): Promise<void> {
    const said = JSON.stringify([saying.act, saying.items.map(({ trip, stage }) => [trip, stage])]);
    // The same word again after no answer came is the same request: it may have been done.
    if (last.current.said !== said) last.current = { said, key: newKey() };
    setBusy(true);
    try {
      done(await send(saying, {}, desk, last.current.key), saying);
      last.current = { said: "", key: newKey() };
    } catch (error) {
      if (error instanceof ApiError && error.status !== 0) last.current.said = "";
      setTold({ bulk: null, wrong: error, plates: new Map() });
      again();
    }
    setBusy(false);
  }

  function begin(saying: Saying): void {
    if (busy) return;
    setTold(null);
    if (saying.act !== "confirmed" || settledBy(saying).length > 0) setAsks(saying);
    else void sendNow(saying);
  }

  return {
    asks,
    told,
    busy,
    begin,
    done: (bulk: Bulk) => asks && done(bulk, asks),
    leave: () => setAsks(null),
    forget: () => setTold(null),
  };
}
