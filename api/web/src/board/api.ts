/** The board's one question: asked conditionally, so that what did not change is not sent again. */

import { refusal } from "../request";
import type { Board } from "../types";

const TIMEOUT_MS = 15_000;

/** What the server put into the page, so that the first view needs no further answer. */
export function givenBoard(): Board | null {
  const text = document.getElementById("view")?.textContent;
  return text ? (JSON.parse(text) as Board) : null;
}

export async function askBoard(): Promise<Board> {
  // "no-cache" has the browser ask with the tag of what it keeps, and take that on a 304.
  const answer = await fetch("/v1/board", {
    cache: "no-cache",
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw await refusal(answer);
  const board = (await answer.json()) as Board;
  // The figures may be as before; when they were computed is not.
  return { ...board, at: answer.headers.get("X-Computed-At") ?? board.at };
}
