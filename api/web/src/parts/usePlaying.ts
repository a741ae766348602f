import { type StateUpdater, useLayoutEffect, useState } from "preact/hooks";

const FRAME_MS = 100;

interface Playing {
  plays: boolean;
  setPlays: (next: StateUpdater<boolean>) => void;
}

/** Moves a moment (epoch s) on at `pace` times the wall's speed while it plays, up to `ends`. */
export function usePlaying(
  now: () => number,
  goTo: (moment: number) => void,
  { pace, ends }: { pace: number; ends: number },
): Playing {
  const [plays, setPlays] = useState(false);
  // With the page that says so, not a frame after it: what is paused stands still.
  useLayoutEffect(() => {
    if (!plays) return undefined;
    let last = performance.now();
    const timer = setInterval(() => {
      const wall = performance.now();
      goTo(Math.min(ends, now() + ((wall - last) / 1000) * pace));
      last = wall;
      if (now() >= ends) setPlays(false);
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [plays, pace, ends]);
  return { plays, setPlays };
}
