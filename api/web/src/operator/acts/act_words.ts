/** What an act is about, in words. */

import { nameOf, t } from "../../language";
import { decimal, instant, moment } from "../../time";
import type { Site } from "../../types";
import type { ActRecord } from "./acts";
import { reasonName } from "./Because";
import { heard } from "./heard";

/** Its gate, class, rate and times, and why, with dots between. */
export function actWords(act: ActRecord, site: Site): string {
  const { params } = act;
  const now = heard.value?.now ?? instant(act.at);
  const at = (iso: string): string => moment(instant(iso), now, site.timezone);
  const gate = site.gates.find(({ id }) => id === (params.gate ?? act.gate));
  const said = [
    gate && nameOf(gate.name),
    params.other_plate && t("act.with", { plate: params.other_plate }),
    params.per_h !== undefined && t("act.rate", { n: decimal(params.per_h, 0, 1) }),
    params.cargo && t(`cargo.${params.cargo}`),
    params.haulier,
    span(params.starts_at, params.ends_at, at),
    reasonName(act.reason),
    act.note,
  ];
  return said.filter(Boolean).join(" · ");
}

function span(
  starts: string | undefined,
  ends: string | undefined,
  at: (iso: string) => string,
): string | null {
  if (ends === undefined) return starts === undefined ? null : at(starts);
  if (starts === undefined) return t("act.until_time", { time: at(ends) });
  return t("act.from_until", { start: at(starts), end: at(ends) });
}
