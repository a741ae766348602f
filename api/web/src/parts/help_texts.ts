/** Where the help of each screen comes from; loaded when somebody opens it (build/help.ts). */

import type { Language } from "../types";

export const SCREENS = [
  "console",
  "gate",
  "agency",
  "declare",
  "planner",
  "board",
  "people",
  "bulletin",
  "driver",
] as const;
export type Screen = (typeof SCREENS)[number];

/** A run of words: plain, or as they stand on a button or a key. */
export type Run = string | { on: string };
export interface Topic {
  id: string;
  title: string;
  blocks: { list: boolean; runs: Run[] }[];
}

const FILES = import.meta.glob<{ topics: Topic[] }>("../../../../data/help/*/*.md");

export async function loadHelp(screen: Screen, language: Language): Promise<Topic[]> {
  const load = FILES[`../../../../data/help/${language}/${screen}.md`];
  if (!load) throw new Error(`There is no help for ${screen} in ${language}.`);
  return (await load()).topics;
}

/** Letters as somebody in a hurry types them: small, without accents. */
export function plain(text: string): string {
  return text
    .toLowerCase()
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .replaceAll("đ", "d");
}

const said = (runs: Run[]): string =>
  runs.map((run) => (typeof run === "string" ? run : run.on)).join("");

/** The topics that have all words of a question in them. */
export function matching(topics: readonly Topic[], question: string): Topic[] {
  const wanted = plain(question).split(/\s+/).filter(Boolean);
  return topics.filter(({ title, blocks }) => {
    const text = plain([title, ...blocks.map(({ runs }) => said(runs))].join("\n"));
    return wanted.every((word) => text.includes(word));
  });
}
