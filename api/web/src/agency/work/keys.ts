import { useLayoutEffect, useRef } from "preact/hooks";

/** What the keys of a work list do. */
export interface Keys {
  move: (by: number) => void;
  select: () => void;
  confirm: () => void;
  refuse: () => void;
  ask: () => void;
  open: () => void;
  search: () => void;
  clear: () => void;
}

const MEANT: Record<string, (keys: Keys) => void> = {
  j: (keys) => keys.move(1),
  ArrowDown: (keys) => keys.move(1),
  k: (keys) => keys.move(-1),
  ArrowUp: (keys) => keys.move(-1),
  " ": (keys) => keys.select(),
  c: (keys) => keys.confirm(),
  r: (keys) => keys.refuse(),
  a: (keys) => keys.ask(),
  Enter: (keys) => keys.open(),
  "/": (keys) => keys.search(),
  Escape: (keys) => keys.clear(),
};

/** Whether a key goes to what has the focus: letters into a field, Enter and space to a button. */
function isTaken({ key, target }: KeyboardEvent): boolean {
  if (document.querySelector("dialog:modal")) return true;
  if (!(target instanceof HTMLElement)) return false;
  if (target.matches("input:not([type=checkbox]), textarea, select")) return key !== "Escape";
  return (key === "Enter" || key === " ") && target.matches("button, a, input, summary");
}

/** Lets a list be worked by keys alone while it is shown. */
export function useKeys(keys: Keys): void {
  const newest = useRef(keys);
  newest.current = keys;
  useLayoutEffect(() => {
    const pressed = (event: KeyboardEvent): void => {
      const does = MEANT[event.key];
      if (!does || event.ctrlKey || event.metaKey || event.altKey || isTaken(event)) return;
      event.preventDefault();
      does(newest.current);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}
