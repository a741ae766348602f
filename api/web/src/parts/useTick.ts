import { useEffect, useState } from "preact/hooks";

/** Draw the component again every `everyMs`; returns the present wall moment, epoch ms. */
export function useTick(everyMs: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
