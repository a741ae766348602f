/** Why a stage is refused: codes that are words in every language. */

import { find, wordsUnder } from "../../language";

const PREFIX = "reason_";

export const reasons = (): string[] =>
  wordsUnder("agency")
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => name.slice(PREFIX.length));

export const reasonName = (code: string): string => find(`agency.${PREFIX}${code}`) ?? code;
