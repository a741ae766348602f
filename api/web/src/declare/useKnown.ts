/** What is known about a truck already: its last trip, and what other systems know of this one. */

import { useEffect, useRef } from "preact/hooks";
import { type Filled, prefill } from "./api";
import { isPlate } from "./form";

const TYPED_MS = 300;
const LEAST = 6;

/** Asks once for each plate that looks whole, and hands over what came. */
export function useKnown(plate: string, ask: boolean, take: (filled: Filled) => void): void {
  const asked = useRef("");
  useEffect(() => {
    const typed = plate.trim();
    if (!ask || typed.length < LEAST || !isPlate(typed) || typed === asked.current) return undefined;
    const timer = setTimeout(() => {
      asked.current = typed;
      // Nothing known is no fault, and neither is a server that does not answer: it is typed then.
      prefill({ plate: typed }).then(take, () => (asked.current = ""));
    }, TYPED_MS);
    return () => clearTimeout(timer);
  }, [plate, ask]);
}
