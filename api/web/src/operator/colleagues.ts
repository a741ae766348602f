/** Who the accounts are: whoever did something is named as colleagues know them. */

import { signal } from "@preact/signals";
import { call, type Described } from "../call";
import { callPeople } from "../parts/place";

/** The person of an account, and the post; null where nobody said. */
type Colleague = Described<"Colleague">;

const known = signal<ReadonlyMap<string, Colleague>>(new Map());

export const listColleagues = (): Promise<Colleague[]> => call("GET", "/v1/colleagues");

/** Take note of who there is; nothing changes where nobody has answered yet. */
export function meet(all: readonly Colleague[] | null): void {
  if (all !== null) known.value = new Map(all.map((one) => [one.account, one]));
}

/** The person and the post of an account; a machine, or one nobody has named, by its own name. */
export function who(account: string): string {
  const one = known.value.get(account);
  if (!one?.person) return account;
  return one.post ? `${one.person} (${one.post})` : one.person;
}

callPeople(who);
