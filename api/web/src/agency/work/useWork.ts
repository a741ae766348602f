import { useEffect, useState } from "preact/hooks";
import { hearMoment } from "../clock";
import { inOrder } from "../../parts/inOrder";
import { listWork, type Wish } from "../api";
import type { Work } from "../types";

/** So often the list is asked for again: who works beside an officer changes it too. */
const AGAIN_MS = 4_000;

interface Heard {
  work: Work | null;
  wrong: unknown;
  /** Whether what is shown answers an earlier wish. */
  late: boolean;
  again: () => void;
}

/**
 * The work list of a wish, asked for again and again.
 *
 * What was shown stays until the next answer is there: a list that went blank at every filter would
 * lose the reader's place.
 */
export function useWork(wish: Wish): Heard {
  const [work, setWork] = useState<Work | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [answered, setAnswered] = useState("");
  const [asked, setAsked] = useState(0);
  const wanted = JSON.stringify(wish);

  useEffect(() => {
    let current = true;
    const asks = inOrder();
    const look = (): void => {
      const isNews = asks();
      listWork(wish).then(
        (found) => {
          if (!current || !isNews()) return;
          hearMoment(found.at);
          setWork(found);
          setAnswered(wanted);
          setWrong(null);
        },
        (error: unknown) => current && isNews() && setWrong(error),
      );
    };
    look();
    const timer = setInterval(look, AGAIN_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [wanted, asked]);

  return { work, wrong, late: answered !== wanted, again: () => setAsked((n) => n + 1) };
}
