import { useState } from "preact/hooks";

const kept = new Map<string, unknown>();

/**
 * A state that outlives its component: who comes back from a truck finds the list as it was left.
 *
 * It is forgotten with the page.
 */
export function useKept<T>(name: string, begins: T): [T, (next: T) => void] {
  const [value, setValue] = useState<T>(kept.has(name) ? (kept.get(name) as T) : begins);
  return [
    value,
    (next) => {
      kept.set(name, next);
      setValue(next);
    },
  ];
}
