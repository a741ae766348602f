/**
 * The help of a screen, `data/help/LANGUAGE/SCREEN.md`, as a module: topics of paragraphs and lists.
 * A button is named as `[[section.word]]` and says what the button says: the catalogue's own word,
 * put in when the pages are built, so that a name that is no longer there stops the build.
 */

import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** A run of words: plain, or as they stand on a button or a key. */
type Run = string | { on: string };
interface Topic {
  id: string;
  title: string;
  blocks: { list: boolean; runs: Run[] }[];
}
type Sections = Record<string, Record<string, unknown>>;

const FILE = /\/data\/help\/(?<language>\w+)\/(?<screen>\w+)\.md$/;
const TITLE = /^## (?<id>\w+) (?<title>.+)$/;
/** A button's word, or a key between backquotes. */
const NAMED = /\[\[(?<key>[\w.]+)\]\]|`(?<cap>[^`]+)`/g;

function runs(text: string, words: Sections, where: string): Run[] {
  const found: Run[] = [];
  let from = 0;
  for (const match of text.matchAll(NAMED)) {
    const { key, cap } = match.groups ?? {};
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push({ on: cap ?? wordOf(key ?? "", words, where) });
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function wordOf(key: string, words: Sections, where: string): string {
  const [section = "", word = ""] = key.split(".");
  const said = words[section]?.[word];
  if (typeof said !== "string") throw new Error(`${where} names ${key}, which no catalogue has.`);
  // What stands for a figure on the button is left open, and "…" at its end says no more here.
  return said.replace(/\{\w+\}/g, "…").replace(/…$/, "").trim();
}

export function readHelp(source: string, words: Sections, where: string): Topic[] {
  const topics: Topic[] = [];
  for (const line of source.split("\n")) {
    const { id, title } = TITLE.exec(line)?.groups ?? {};
    if (id !== undefined && title !== undefined) {
      topics.push({ id, title, blocks: [] });
    } else if (line.trim() !== "") {
      const list = line.startsWith("- ");
      const text = list ? line.slice(2) : line;
      const topic = topics.at(-1);
      if (!topic) throw new Error(`${where} begins without a topic.`);
      topic.blocks.push({ list, runs: runs(text, words, where) });
    }
  }
  return topics;
}

export function helpTexts(): Plugin {
  return {
    name: "flowctl:help",
    enforce: "pre",
    load(id) {
      const { language } = FILE.exec(id)?.groups ?? {};
      if (language === undefined) return null;
      const catalogue = new URL(`../../../data/messages/${language}.json`, import.meta.url).pathname;
      this.addWatchFile(id);
      this.addWatchFile(catalogue);
      const { page } = JSON.parse(readFileSync(catalogue, "utf8")) as { page: Sections };
      const topics = readHelp(readFileSync(id, "utf8"), page, id);
      return { code: `export const topics = ${JSON.stringify(topics)};`, moduleType: "js" };
    },
  };
}
