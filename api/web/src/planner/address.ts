/** What the page shows stands in its address, so that a link shows another planner the same. */

import { signal } from "@preact/signals";

export const VIEWS = ["scenario", "runs", "plan"] as const;
export type View = (typeof VIEWS)[number];

export const PICTURES = ["table", "time", "waits", "slots", "ways", "map"] as const;
export type Picture = (typeof PICTURES)[number];

/** More curves than this in one picture nobody tells apart. */
export const MOST_RUNS = 4;

export interface Address {
  view: View;
  /** Runs that are compared, the first of which the others are held against. */
  runs: number[];
  picture: Picture;
}

function read(hash: string): Address {
  const said = new URLSearchParams(hash.slice(1));
  const runs = (said.get("runs") ?? "")
    .split(",")
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0);
  const picture = PICTURES.find((one) => one === said.get("picture")) ?? "table";
  const view: View = said.has("plan") ? "plan" : said.has("runs") ? "runs" : "scenario";
  return { view, runs: [...new Set(runs)].slice(0, MOST_RUNS), picture };
}

function write({ view, runs, picture }: Address): string {
  if (view === "plan") return "#plan";
  if (view === "scenario") return "#scenario";
  return `#runs=${runs.join(",")}${picture === "table" ? "" : `&picture=${picture}`}`;
}

export const address = signal<Address>(read(location.hash));
addEventListener("hashchange", () => {
  address.value = read(location.hash);
});

export function go(changes: Partial<Address>): void {
  address.value = { ...address.value, ...changes };
  history.replaceState(null, "", location.pathname + location.search + write(address.value));
}

/** Take a run into the comparison, or out of it; beyond the most the oldest choice goes. */
export function toggle(id: number): void {
  const { runs } = address.value;
  const without = runs.filter((one) => one !== id);
  go({ view: "runs", runs: without.length < runs.length ? without : [...runs, id].slice(-MOST_RUNS) });
}
