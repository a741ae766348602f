/** Runs are told apart by colour and by dash: curves stay apart in print and for every eye. */

const DARK = ["#4cc2ff", "#ffb547", "#3fd69b", "#d6a8ff"] as const;
const LIGHT = ["#0b6aa2", "#b05a00", "#0f7a52", "#7d3fc4"] as const;
export const DASHES: readonly number[][] = [[], [9, 5], [2, 4], [11, 4, 2, 4]];

export const runColour = (n: number, dark: boolean): string =>
  (dark ? DARK : LIGHT)[n % DARK.length] ?? DARK[0];
export const runDash = (n: number): number[] => DASHES[n % DASHES.length] ?? [];
