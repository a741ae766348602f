/** What an officer is to know of a truck: from its pass and the list, pure. */

import type { Key } from "../language";
import type { GateList, Listed } from "./api";
import type { Pass } from "./pass";

/** `good`: let it in; `warn`: look first; `bad`: it should not pass; `void`: it cannot be believed. */
export type Tone = "good" | "warn" | "bad" | "void";

export interface Finding {
  tone: Tone;
  key: Key;
  /** What the words name: moments, places, people. */
  at?: string;
  gate?: string;
  site?: string;
  by?: string;
}

/** A truck in front of the officer. */
export interface Found {
  plate: string;
  trip: number | null;
  row: Listed | null;
  finding: Finding;
  /** Its slot is another one than when the pass was made. */
  moved: boolean;
}

const SPACES = /[\s.\-_/·・•‧:]+/g;
/** What may be a plate: the server's rule (flowctl/registry/plates.py). */
const PLATE = /^(?=.*\d)[0-9A-ZĐ一-鿿]{4,12}$/;
/** So much of a plate's end, where one truck alone has it, is that truck's. */
const END = /^[0-9A-ZĐ一-鿿]{4,}$/;

/** A plate in its one spelling, as the server has it. */
export const plain = (text: string): string =>
  text.normalize("NFKC").replace(SPACES, "").toUpperCase();

/** The truck of a plate or of a plate's end, null where what was typed can be no plate. */
export function byPlate(text: string, list: GateList, now: Date): Found | null {
  const typed = plain(text);
  const row = list.trips.find((one) => one.plate === typed) ?? byEnd(typed, list);
  if (row) {
    return { plate: row.plate, trip: row.trip, row, finding: judge(row, list, now), moved: false };
  }
  return PLATE.test(typed) ? nothing(typed, { tone: "bad", key: "gate.is_unknown" }) : null;
}

/** The one truck whose plate ends so: of this gate's, else of those due elsewhere. */
function byEnd(typed: string, list: GateList): Listed | null {
  if (!END.test(typed)) return null;
  const ending = list.trips.filter((one) => one.plate.endsWith(typed));
  const here = ending.filter((one) => !one.elsewhere);
  const [row, another] = here.length > 0 ? here : ending;
  return row && !another ? row : null;
}

export function byPass(pass: Pass | null, list: GateList, now: Date): Found {
  if (pass === null) return nothing("", { tone: "void", key: "gate.is_no_pass" });
  if (pass.site !== list.site) {
    return nothing(pass.plate, { tone: "void", key: "gate.is_other_site", site: pass.site });
  }
  if (!pass.genuine) return nothing(pass.plate, { tone: "void", key: "gate.is_forged" });
  const row = list.trips.find((one) => one.trip === pass.trip) ?? fromPass(pass, list);
  const found = { plate: pass.plate, trip: pass.trip, row, moved: isMoved(pass, row) };
  if (row === null) {
    const finding: Finding =
      pass.gate === list.gate
        ? { tone: "bad", key: "gate.is_unknown" }
        : { tone: "bad", key: "gate.is_wrong_gate", gate: pass.gate };
    return { ...found, finding };
  }
  const finding = judge(row, list, now);
  if (finding.tone !== "bad" && pass.expiresAt < now) {
    return { ...found, finding: expired(pass) };
  }
  return { ...found, finding };
}

const expired = (pass: Pass): Finding => ({
  tone: "bad",
  key: "gate.is_expired",
  at: pass.expiresAt.toISOString(),
});

const nothing = (plate: string, finding: Finding): Found => ({
  plate,
  trip: null,
  row: null,
  finding,
  moved: false,
});

const isMoved = (pass: Pass, row: Listed | null): boolean =>
  row?.slot != null && Date.parse(row.slot.starts_at) !== pass.startsAt.getTime();

/** A truck of this gate that the list does not know yet: the pass is newer. */
function fromPass(pass: Pass, list: GateList): Listed | null {
  if (pass.gate !== list.gate || pass.issuedAt < new Date(list.at)) return null;
  return {
    trip: pass.trip,
    plate: pass.plate,
    direction: "export",
    slot: { starts_at: pass.startsAt.toISOString(), ends_at: pass.startsAt.toISOString() },
    stage: "registered",
    released_at: null,
    order: null,
    needs: null,
    decision: null,
    admission: null,
  };
}

/** Whether agencies still have to confirm something before the truck may pass the gate. */
export const isUncleared = (row: Listed | null): boolean => row?.locked?.includes("gate") ?? false;

function judge(row: Listed, list: GateList, now: Date): Finding {
  const { admission, slot } = row;
  if (row.stage === "cancelled") return { tone: "bad", key: "gate.is_cancelled" };
  if (admission) {
    const key = admission.gate === list.gate ? "gate.is_admitted" : "gate.is_admitted_at";
    return { tone: "bad", key, ...admission };
  }
  if (row.stage === "cleared") return { tone: "bad", key: "gate.is_cleared" };
  if (row.elsewhere) return { tone: "bad", key: "gate.is_elsewhere", gate: row.elsewhere };
  if (isUncleared(row)) return { tone: "bad", key: "gate.is_uncleared" };
  if (row.released_at !== null) return { tone: "good", key: "gate.is_called" };
  if (slot === null) return { tone: "bad", key: "gate.is_unknown" };
  const early = Date.parse(slot.starts_at) - list.early_s * 1000;
  const late = Date.parse(slot.ends_at) + list.late_s * 1000;
  if (now.getTime() < early) return { tone: "warn", key: "gate.is_early" };
  if (now.getTime() > late) return { tone: "warn", key: "gate.is_late" };
  return { tone: "good", key: "gate.is_due" };
}
