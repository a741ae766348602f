/** Where the focus goes when what has it goes away: back to what had it before. */

/** How many places somebody was at are remembered. */
const MOST = 30;

function canTake(one: HTMLElement): boolean {
  const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
  const inReach = !modal || modal.contains(one);
  return one.isConnected && inReach && one.checkVisibility() && !one.matches(":disabled");
}

/**
 * Keep who works by the keyboard where they were; returns what ends it.
 *
 * A drawer that closes, a button that the answer to its own press takes away: a browser then leaves
 * the focus to nobody, and Tab begins at the top of the page.
 */
export function keepFocus(): () => void {
  const past: HTMLElement[] = [];
  const note = ({ target }: FocusEvent): void => {
    if (!(target instanceof HTMLElement)) return;
    const known = past.indexOf(target);
    if (known >= 0) past.splice(known, 1);
    past.push(target);
    if (past.length > MOST) past.shift();
  };
  const mind = (): void => {
    const now = document.activeElement;
    const last = past.at(-1);
    // Who clicked beside everything has left the last place on purpose: it is still there.
    if ((now !== null && now !== document.body) || !last || canTake(last)) return;
    past.findLast(canTake)?.focus();
  };
  const watch = new MutationObserver(mind);
  watch.observe(document.body, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ["disabled", "open"],
  });
  addEventListener("focusin", note);
  return () => {
    watch.disconnect();
    removeEventListener("focusin", note);
  };
}
