/** Words in the reader's language, from the catalogue the text messages use too. */

import { signal } from "@preact/signals";
import type english from "../../../data/messages/en.json";
import type { Language, Names } from "./types";

export type Words = (typeof english)["page"];
/** Where a page finds its words: all there are, or a part of them (build/words.ts). */
export type Catalogue = Record<Language, () => Promise<{ page: Words }>>;
/** Every "section.word" there is: a word that is not in the catalogue does not compile. */
export type Key = {
  [S in keyof Words & string]: `${S}.${keyof Words[S] & string}`;
}[keyof Words & string];

export const LANGUAGES: readonly Language[] = ["vi", "zh", "en"];
export const LANGUAGE_NAMES: Names = { vi: "Tiếng Việt", zh: "中文", en: "English" };
const STORED = "flowctl.language";

export const language = signal<Language>("vi");
const words = signal<Words | null>(null);
let catalogue: Catalogue;

function isLanguage(value: string | null): value is Language {
  return value === "vi" || value === "zh" || value === "en";
}

/** What the reader chose (address, then last time), else what the browser asks for, else null. */
export function chosenLanguage(): Language | null {
  const asked = new URLSearchParams(location.search).get("lang");
  if (isLanguage(asked)) return asked;
  const stored = localStorage.getItem(STORED);
  return isLanguage(stored) ? stored : null;
}

function browserLanguage(): Language {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return wanted.find(isLanguage) ?? "vi";
}

let newest: Language;

/**
 * Load a language's words and show the page in them; where they cannot be loaded, nothing changes.
 * Words that come when another language was asked for meanwhile are too late.
 */
export async function speak(next: Language): Promise<void> {
  newest = next;
  const loaded = await catalogue[next]();
  if (newest !== next) return;
  words.value = loaded.page;
  language.value = next;
  document.documentElement.lang = next === "zh" ? "zh-CN" : next;
}

export async function choose(next: Language): Promise<void> {
  await speak(next);
  if (language.value === next) localStorage.setItem(STORED, next);
}

/** Speak what the reader chose, else what is wished for the reader, else the browser's language. */
export function begin(from: Catalogue, wished: Language | null): Promise<void> {
  catalogue = from;
  return speak(chosenLanguage() ?? wished ?? browserLanguage());
}

function at(path: string): unknown {
  let node: unknown = words.value;
  for (const part of path.split(".")) node = (node as Record<string, unknown> | undefined)?.[part];
  return node;
}

/** The words of a path like "why.reason.convoy", whose last part may come from the server. */
export function find(path: string): string | null {
  const node = at(path);
  return typeof node === "string" ? node : null;
}

/** The names the catalogue has in a section, or in a part of one such as "audit_act.trip". */
export const wordsUnder = (path: string): string[] => Object.keys(at(path) ?? {});

/** The words for `key` with its `{name}`s filled in. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const text = find(key);
  if (text === null) throw new Error(`No words for ${key}.`);
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

export const nameOf = (names: Names): string => names[language.value];
