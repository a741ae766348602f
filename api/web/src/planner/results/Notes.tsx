import { find, t } from "../../language";
import { decimal, wholeNumber } from "../../time";
import { placeName } from "../../parts/place";
import type { Note } from "../types";
import { RunName } from "./RunName";
import type { Shown } from "./shown";

function shownValue(name: string, value: string | number | null | undefined): string {
  if (value === null || value === undefined) return t("common.none");
  if (typeof value === "number") return decimal(value, 0, 1);
  return name === "gate" || name === "yard" ? placeName(value) : value;
}

/** A note of the simulator in the reader's words, or as it was written where there are none. */
function words({ kind, values, text }: Note): string {
  const known = find(`planner.note_${kind}`);
  return known?.replace(/\{(\w+)\}/g, (_, name: string) => shownValue(name, values[name])) ?? text;
}

interface Said {
  key: string;
  text: string;
  runs: number[];
}

/** Each note once, in the words of the first run it is of: others differ in a truck or two. */
function gathered(shown: Shown[]): Said[] {
  const found = new Map<string, Said>();
  shown.forEach(({ result }, run) => {
    for (const note of result.notes) {
      const key = `${note.kind} ${note.values["gate"] ?? note.text}`;
      const known = found.get(key) ?? { key, text: words(note), runs: [] };
      known.runs.push(run);
      found.set(key, known);
    }
  });
  return [...found.values()];
}

/** Trucks that still waited when the day ended, whose waits nobody saw the end of. */
function cut(shown: Shown[]): Said | null {
  const left = shown.map(({ result }) => result.measures["waiting_at_end"]?.mean ?? 0);
  const runs = left.flatMap((n, run) => (n > 0 ? [run] : []));
  if (runs.length === 0) return null;
  const counts = runs.map((run) => Math.max(1, Math.round(left[run] ?? 0)));
  const [least, most] = [Math.min(...counts), Math.max(...counts)].map((n) => wholeNumber(n));
  const n = least === most ? `${most}` : `${least}–${most}`;
  return { key: "cut", text: t("planner.waits_cut", { n }), runs };
}

/** What is to be known before a figure is believed. */
export function Notes({ shown }: { shown: Shown[] }) {
  const said = [...gathered(shown), cut(shown)].filter((one) => one !== null);
  if (said.length === 0) return null;
  return (
    <ul class="notes" aria-label={t("planner.notes")}>
      {said.map(({ key, text, runs }) => (
        <li key={key}>
          {runs.length < shown.length &&
            runs.map((run) => <RunName key={run} run={run} label={shown[run]?.label ?? ""} />)}{" "}
          {text}
        </li>
      ))}
    </ul>
  );
}
