/** The values of a form, what was typed, what was known already, and what is wrong. */

import { useRef, useState } from "preact/hooks";
import { t } from "../language";
import type { Filled } from "./api";
import type { Filling } from "./filling";
import { shownFaults } from "./filling";
import type { Place } from "./Declare";
import { faultsOf, type FaultKind, type Name, type Values, valuesOf } from "./form";

export interface FormState {
  filling: Filling;
  /** Somebody has typed or chosen something. */
  isTouched: boolean;
  /** Fill in what is known; nothing that was typed is overwritten. */
  fill: (filled: Filled) => void;
  /** Say all that is wrong; true where something is. */
  look: () => boolean;
  /** Have something that the server refused said at its field. */
  say: (name: Name, sentence: string) => void;
}

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

export function useForm(
  place: Place,
  first: Values,
  known: Record<string, string>,
  typed: readonly Name[],
): FormState {
  const [values, setValues] = useState(first);
  const [origins, setOrigins] = useState(known);
  const touched = useRef(new Set(typed));
  const [left, setLeft] = useState<ReadonlySet<Name> | "all">(() => new Set<Name>());
  const [refused, setRefused] = useState<Partial<Record<Name, string>>>({});
  const [isTouched, setIsTouched] = useState(false);

  function change(changes: Partial<Values>): void {
    const names = Object.keys(changes) as Name[];
    setIsTouched(true);
    setValues((now) => ({ ...now, ...changes }));
    for (const name of names) touched.current.add(name);
    const without = <T,>(now: Record<string, T>): Record<string, T> =>
      Object.fromEntries(Object.entries(now).filter(([name]) => !names.includes(name as Name)));
    setOrigins(without);
    setRefused(without);
  }
  function fill({ form, origins: from }: Filled): void {
    const found = Object.entries(valuesOf(form, place.site.timezone)).filter(
      ([name]) => !touched.current.has(name as Name) && name !== "plate",
    );
    setValues((now) => ({ ...now, ...Object.fromEntries(found) }));
    setOrigins((now) => ({
      ...now,
      ...Object.fromEntries(found.map(([name]) => [name, from[name] ?? "last"])),
    }));
  }
  const faults = faultsOf(values, place.workflow);
  const say = (kind: FaultKind): string => t(`declare.fault_${kind}`);

  return {
    filling: {
      place,
      values,
      origins,
      faults: { ...refused, ...shownFaults(faults, left, say) },
      keeps: null,
      settled: {},
      change,
      leave: (name) => {
        if (left !== "all" && !same(values[name], first[name])) setLeft(new Set([...left, name]));
      },
    },
    isTouched,
    fill,
    look: () => {
      setLeft("all");
      return Object.keys(faults).length > 0;
    },
    say: (name, sentence) => setRefused((now) => ({ ...now, [name]: sentence })),
  };
}
