/** Dark or light: what this browser was told, else what its machine says. */

import { computed, effect, signal } from "@preact/signals";

export const THEMES = ["dark", "light"] as const;
export type Theme = (typeof THEMES)[number];

const KEPT_AS = "flowctl.theme";
const lightRoom = matchMedia("(prefers-color-scheme: light)");

function kept(): Theme | null {
  const said = localStorage.getItem(KEPT_AS);
  return said === "dark" || said === "light" ? said : null;
}

const machine = signal<Theme>(lightRoom.matches ? "light" : "dark");
const chosen = signal<Theme | null>(kept());
lightRoom.addEventListener("change", () => {
  machine.value = lightRoom.matches ? "light" : "dark";
});
addEventListener("storage", ({ key }) => {
  if (key === KEPT_AS) chosen.value = kept(); // another window of this browser was switched
});

export const theme = computed<Theme>(() => chosen.value ?? machine.value);
export const dark = computed(() => theme.value === "dark");

effect(() => {
  document.documentElement.dataset["theme"] = theme.value;
});

export function choose(one: Theme): void {
  chosen.value = one;
  localStorage.setItem(KEPT_AS, one);
}

/** A colour of the page as it stands now: pictures on a canvas cannot name variables. */
export const shade = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();
