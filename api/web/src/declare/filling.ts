/** A form being filled in: its values, from whom each is, and what is wrong with it. */

import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Place } from "./Declare";
import type { Faults, Name, TextName, Values } from "./form";

export interface Filling {
  place: Place;
  values: Values;
  origins: Record<string, string>;
  /** What is said at the fields: those that were left, or all once it was to be sent. */
  faults: Partial<Record<Name, string>>;
  /** What changing a field of a declared trip costs; absent in a new one. */
  keeps: Record<string, "keeps" | "evidence" | "loses" | "fixed"> | null;
  /** Who settled a field, so that it can only be asked for. */
  settled: Record<string, string>;
  change: (changes: Partial<Values>) => void;
  /** A field was left: what is wrong with it is said from now on. */
  leave: (name: Name) => void;
}

export const FillingContext = createContext<Filling | null>(null);

export function useFilling(): Filling {
  const filling = useContext(FillingContext);
  if (!filling) throw new Error("A field stands outside of a form.");
  return filling;
}

export const changed = (name: TextName, value: string): Partial<Values> => ({ [name]: value });

/** Faults of fields that were left already, or of all. */
export const shownFaults = (
  faults: Faults,
  left: ReadonlySet<Name> | "all",
  say: (kind: NonNullable<Faults[Name]>) => string,
): Partial<Record<Name, string>> => {
  const shown: Partial<Record<Name, string>> = {};
  for (const [name, kind] of Object.entries(faults) as [Name, NonNullable<Faults[Name]>][]) {
    if (left === "all" || left.has(name)) shown[name] = say(kind);
  }
  return shown;
};
