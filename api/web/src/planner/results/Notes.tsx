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

/** What is to be known before a figure is believed. */
export function Notes({ shown }: { shown: Shown[] }) {
  const said = shown.flatMap(({ id, label, result }, run) => {
    const early = result.stopped_early ? [t("planner.stopped_early", { n: result.replications })] : [];
    return [...result.notes.map(words), ...early].map((text) => ({ id, label, run, text }));
  });
  if (said.length === 0) return null;
  return (
    <ul class="notes" aria-label={t("planner.notes")}>
      {said.map(({ id, label, run, text }) => (
        <li key={`${id} ${text}`}>
          {shown.length > 1 && <RunName run={run} label={label} />} {text}
        </li>
      ))}
    </ul>
  );
}
