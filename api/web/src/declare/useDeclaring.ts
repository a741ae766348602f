/** A declaration on its way: one trip comes of it, however often it is sent. */

import { useEffect, useRef, useState } from "preact/hooks";
import { problem } from "../parts/problem";
import { ApiError, newKey } from "../request";
import type { Trip } from "../types";
import { declare, type Form } from "./api";
import { fieldOfRefusal } from "./refused";
import type { Name } from "./form";

const AGAIN_MS = 4_000;

interface Wishes {
  onDone: (trip: Trip) => void;
  /** The server refuses because of one field. */
  onRefused: (name: Name, sentence: string) => void;
}
interface Declaring {
  busy: boolean;
  /** No answer came: it is sent again until one does. */
  waits: boolean;
  wrong: string | null;
  send: (body: Form) => void;
}

export function useDeclaring({ onDone, onRefused }: Wishes): Declaring {
  const [busy, setBusy] = useState(false);
  const [waits, setWaits] = useState<Form | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const sent = useRef({ text: "", key: "" });
  const going = useRef(false);

  async function send(body: Form): Promise<void> {
    if (going.current) return;
    going.current = true;
    setBusy(true);
    setWrong(null);
    const text = JSON.stringify(body);
    // The same words under the same key: what did arrive without an answer is not done twice.
    if (sent.current.text !== text) sent.current = { text, key: newKey() };
    try {
      const trip = await declare(body, sent.current.key);
      setWaits(null);
      onDone(trip);
    } catch (error) {
      const isAway = error instanceof ApiError && (error.status === 0 || error.status === 503);
      setWaits(isAway ? body : null);
      if (isAway) return;
      const name = error instanceof ApiError ? fieldOfRefusal(error) : null;
      setWrong(problem(error));
      if (name) onRefused(name, problem(error));
    } finally {
      going.current = false;
      setBusy(false);
    }
  }
  useEffect(() => {
    if (waits === null) return undefined;
    const again = (): void => void send(waits);
    const timer = setInterval(again, AGAIN_MS);
    addEventListener("online", again);
    return () => {
      clearInterval(timer);
      removeEventListener("online", again);
    };
  }, [waits]);

  return { busy, waits: waits !== null, wrong, send: (body) => void send(body) };
}
