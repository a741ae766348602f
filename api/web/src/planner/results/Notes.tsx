import { find, t } from "../../language";
import { decimal } from "../../time";
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

/** What is to be known before a figure is believed. */
export function Notes({ shown }: { shown: Shown[] }) {
  const said = gathered(shown);
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
