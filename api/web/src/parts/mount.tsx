import { type ComponentType, render } from "preact";
import { begin } from "../language";

/** Draw a page once its words are there. */
export async function mount(Page: ComponentType): Promise<void> {
  const root = document.getElementById("page");
  if (!root) throw new Error("The page has no place to be drawn in.");
  await begin();
  render(<Page />, root);
}
