/** Parts of the catalogue of words, for pages that are to load no more than they say. */

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** By part, what it holds of the catalogue's `page`: whole sections, or single words of them. */
const PARTS: Record<string, readonly string[]> = {
  driver: [
    "common",
    "driver",
    "help",
    "stage",
    "message_title",
    "other_time",
    "refused",
    "operator.needs",
    "order.history",
    "order.no_history",
    "why.code",
    "why.gate_gone",
    "why.gate_gone_for_good",
    "why.yard_gone",
    "why.yard_gone_for_good",
  ],
};

const ASKED = /^(?<path>.*\/messages\/\w+\.json)\?part=(?<part>\w+)$/;

type Sections = Record<string, Record<string, string>>;

function choose(page: Sections, wanted: readonly string[]): Sections {
  const chosen: Sections = {};
  for (const path of wanted) {
    const [section = "", word] = path.split(".");
    const all = page[section];
    if (!all || (word !== undefined && all[word] === undefined)) {
      throw new Error(`build/words.ts names ${path}, which the catalogue does not have.`);
    }
    chosen[section] = word === undefined ? all : { ...chosen[section], [word]: all[word] ?? "" };
  }
  return chosen;
}

/** Answers `import("…/vi.json?part=driver")` with that part of the one catalogue. */
export function partsOfWords(): Plugin {
  return {
    name: "flowctl:parts-of-words",
    enforce: "pre",
    load(id) {
      const { path, part } = ASKED.exec(id)?.groups ?? {};
      if (path === undefined || part === undefined) return null;
      const wanted = PARTS[part];
      if (!wanted) throw new Error(`build/words.ts knows no part ${part} of the catalogue.`);
      this.addWatchFile(path);
      const { page } = JSON.parse(readFileSync(path, "utf8")) as { page: Sections };
      const chosen = JSON.stringify(choose(page, wanted));
      return { code: `export const page = ${chosen};`, moduleType: "js" };
    },
  };
}
