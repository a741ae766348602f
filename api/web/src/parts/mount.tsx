import { type ComponentType, render } from "preact";
import { begin, type Catalogue } from "../language";
import type { Language } from "../types";

/** Draw a page once its words are there. */
export async function mount(
  Page: ComponentType,
  words: Catalogue,
  wished: Language | null = null,
): Promise<void> {
  const root = document.getElementById("page");
  if (!root) throw new Error("The page has no place to be drawn in.");
  await begin(words, wished);
  root.replaceChildren(); // what stood there while the page was loading
  render(<Page />, root);
}
