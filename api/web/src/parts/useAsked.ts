import { type Inputs, useEffect, useState } from "preact/hooks";
import { inOrder } from "./inOrder";

export interface Asked<T> {
  /** The newest answer; null before the first one of these inputs. */
  answer: T | null;
  wrong: unknown;
  /** Ask at once, after a change of one's own. */
  again: () => void;
}

/**
 * Ask the server now, whenever an input changes, and every `everyMs` from then on.
 *
 * `mark` is what the live line says of the list that is asked for: when it changes somebody has
 * changed the list, and it is asked for at once; the former answer stands until then.
 */
export function useAsked<T>(
  ask: () => Promise<T>,
  everyMs: number,
  inputs: Inputs,
  mark: string | undefined = undefined,
): Asked<T> {
  const [answer, setAnswer] = useState<T | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => setAnswer(null), inputs);
  useEffect(() => {
    let current = true;
    const asks = inOrder();
    const look = (): void => {
      const isNews = asks();
      ask().then(
        (found) => current && isNews() && (setAnswer(found), setWrong(null)),
        (error: unknown) => current && isNews() && setWrong(error),
      );
    };
    look();
    const timer = setInterval(look, everyMs);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [...inputs, asked, mark]);

  return { answer, wrong, again: () => setAsked((n) => n + 1) };
}
