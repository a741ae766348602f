/** Where a slider may stand: on whole steps counted from zero, and at the bounds of its value. */

export interface Bounds {
  least: number;
  most: number;
}

/** 0.07 times 100 is 7.000000000000001 to a computer. */
export const plain = (n: number): number => Number(n.toFixed(8));

const NEARLY = 1e-9;

/** The ends of a slider: browsers count its steps from the lower one, so that is a whole step too. */
export function ends({ least, most }: Bounds, step: number): Bounds {
  return {
    least: plain(Math.floor(least / step + NEARLY) * step),
    most: plain(Math.ceil(most / step - NEARLY) * step),
  };
}

/** What a slider means that stands at `n`, which may lie beyond the bounds by a part of a step. */
export const within = (n: number, { least, most }: Bounds): number =>
  Math.min(most, Math.max(least, n));
