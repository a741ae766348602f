import { useRef, useState } from "preact/hooks";

interface Wished<T> {
  wish: T;
  /** The answer shown when the change was taken, which the next one replaces; null before. */
  taken: { answer: unknown } | null;
}

/**
 * What a switch shows: the wish from the press on, and again what stands from the first answer
 * after the change was taken. Without it an answer asked for before the press would press it back.
 *
 * `answer` is what `stands` was read from.
 */
export function useWish<T>(
  stands: T,
  answer: unknown,
): [shown: T, change: (wish: T, made: Promise<unknown>) => void] {
  const [wished, setWished] = useState<Wished<T> | null>(null);
  const newest = useRef(answer);
  newest.current = answer;

  function change(wish: T, made: Promise<unknown>): void {
    setWished({ wish, taken: null });
    made.then(
      () => setWished({ wish, taken: { answer: newest.current } }),
      () => setWished(null),
    );
  }

  const lasts = wished !== null && (wished.taken === null || wished.taken.answer === answer);
  return [lasts ? wished.wish : stands, change];
}
