/** What to do where a part of the page cannot be loaded: its server may have newer pages by now. */

const RELOADED_AT = "flowctl.reloaded";
/** A page that was loaded again so lately and still lacks a part will not get it by that. */
const AGAIN_MS = 60_000;

/** Whether somebody has typed or chosen something that loading the page again would lose. */
export function isTyped(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(
    "input:not([type=checkbox], [type=radio], [type=file]), textarea",
  );
  return (
    [...fields].some((one) => one.value.trim() !== one.defaultValue.trim()) ||
    document.querySelector("dialog:modal") !== null
  );
}

/**
 * Load the page again where the server is there and nothing is lost by it.
 *
 * Else says what stands in the way: "away", no answer, or "renewed", it is for somebody to do.
 */
export async function renewOnce(typed: boolean): Promise<"away" | "renewed"> {
  const there = await fetch(location.href, { cache: "no-store" }).then(
    (answer) => answer.ok,
    () => false,
  );
  if (!there) return "away";
  const last = Number(sessionStorage.getItem(RELOADED_AT) ?? 0);
  if (!typed && Date.now() - last > AGAIN_MS) {
    sessionStorage.setItem(RELOADED_AT, String(Date.now()));
    location.reload();
  }
  return "renewed";
}
