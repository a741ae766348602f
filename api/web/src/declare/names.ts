/** Codes of the server in the reader's words. */

import { find, t } from "../language";
import { factName } from "../parts/names";
import { ago, instant, wholeNumber } from "../time";
import type { Why } from "./api";
import type { Name } from "./form";

export const money = (vnd: number): string => t("declare.money", { n: wholeNumber(vnd) });
export const deskName = (desk: string | null): string =>
  desk === null ? "" : (find(`desk.${desk}`) ?? desk);

/** From whom a field is: the last trip, or another system by its name. */
export function originName(origin: string): string {
  const [kind, name] = origin.split(":", 2);
  if (kind !== "source" || !name) return find(`declare_origin.${origin}`) ?? origin;
  return t("declare.from_source", { name: find(`desk.${name}`) ?? name });
}

/** Why a line of fees is as high as it is, in words. */
export function reasonOf({ values }: Why): string {
  const facts = Object.entries(values)
    .filter((one): one is [string, string] => typeof one[1] === "string")
    .map(([name, code]) => factName(name, code));
  const days = values["days"];
  const stay = days === undefined ? [] : [t("declare.days_in_yard", { n: days })];
  return [...facts, ...stay].join(", ");
}

/** How long ago by the site's clock. */
export const since = (iso: string, now: Date): string =>
  ago((now.getTime() - instant(iso).getTime()) / 1000);

export const inputId = (name: Name): string => `field-${name}`;
