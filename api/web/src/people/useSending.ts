import { useRef, useState } from "preact/hooks";
import { ApiError, newKey } from "../request";

/** A form on its way: sent once however often its button is pressed, and what went wrong. */
export function useSending() {
  const key = useRef(newKey());
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function send(work: (key: string) => Promise<void>): Promise<void> {
    setBusy(true);
    try {
      await work(key.current);
    } catch (error) {
      // Where no answer came it may have been done: the next try is the same request then.
      if (error instanceof ApiError && error.status !== 0) key.current = newKey();
      setWrong(error);
      setBusy(false);
    }
  }
  return { wrong, busy, send };
}
