/** One line of time of what was seen, said, paid and sent of a trip. */

import { find, t } from "../../language";
import { who } from "../../operator/colleagues";
import type { Past } from "../../operator/past";
import { placeName } from "../../parts/place";
import { wholeNumber } from "../../time";
import type { Why } from "../../order";
import { stageName } from "../../parts/names";
import { factsInWords } from "../names";
import type { Origin, StageRecord } from "../types";
import type { Crossings, Payment } from "./declaration";

export interface Moment {
  key: string;
  at: string;
  kind: "stage" | "order" | "visit" | "message" | "gate" | "payment" | "crossing";
  title: string;
  /** More words, already joined. */
  more: string;
  origin: Origin | null;
  /** How it went, for its colour. */
  tone: "good" | "bad" | "plain";
}

const joined = (...words: (string | null | undefined | false)[]): string =>
  words.filter(Boolean).join(" · ");

export function ofRecords(records: readonly StageRecord[]): Moment[] {
  return records.map((one) => ({
    key: `stage ${one.id}`,
    at: one.at,
    kind: "stage",
    title: t("agency.stage_said", {
      stage: stageName(one.stage),
      what: t(`declare_act.${one.act}`),
    }),
    more: joined(
      one.origin !== "visit" && who(one.by),
      one.reason && (find(`agency.reason_${one.reason}`) ?? one.reason),
      one.note && `“${one.note}”`,
      factsInWords(one.settled),
    ),
    origin: one.origin,
    tone: one.act === "confirmed" ? "good" : one.act === "refused" ? "bad" : "plain",
  }));
}

export function ofPast(past: Past): Moment[] {
  const visits = past.visits.flatMap((one, n): Moment[] => {
    const place = placeName(one.gate ?? one.zone);
    const about = { kind: "visit", more: "", origin: "visit", tone: "plain" } as const;
    const entered = {
      ...about,
      key: `visit ${n}`,
      at: one.entered_at,
      title: t("agency.came_to", { place, zone: t(`zone.${one.role}`) }),
    };
    if (one.left_at === null) return [entered];
    const left = {
      ...about,
      key: `left ${n}`,
      at: one.left_at,
      title: t("agency.left_from", { place, zone: t(`zone.${one.role}`) }),
    };
    return [entered, left];
  });
  const messages = past.messages.map((one): Moment => {
    const state = find(`sms_desk.${one.state}`) ?? one.state;
    return {
      key: `message ${one.id}`,
      at: one.sent_at ?? one.created_at,
      kind: "message",
      title: find(`drawer.message_${one.kind}`) ?? one.kind,
      more: joined(state, one.trouble),
      origin: null,
      tone: "plain",
    };
  });
  const gate = past.clearances.map((one, n): Moment => ({
    key: `gate ${n}`,
    at: one.at,
    kind: "gate",
    title: t(`drawer.decided_${one.kind}`),
    more: joined(
      placeName(one.gate),
      who(one.decided_by),
      one.reason && (find(`gate.reason_${one.reason}`) ?? one.reason),
    ),
    origin: "hand",
    tone: one.kind === "refused" ? "bad" : "good",
  }));
  return [...visits, ...messages, ...gate];
}

export const ofOrder = ({ history }: Why): Moment[] =>
  history.map((one) => ({
    key: `order ${one.seq}`,
    at: one.at,
    kind: "order",
    title: one.text,
    more: "",
    origin: null,
    tone: "plain",
  }));

export const ofPayments = (payments: readonly Payment[]): Moment[] =>
  payments.map((one) => ({
    key: `payment ${one.id}`,
    at: one.paid_at,
    kind: "payment",
    title: t(one.amount_vnd < 0 ? "agency.refunded" : "agency.paid", {
      sum: t("agency.vnd", { n: wholeNumber(Math.abs(one.amount_vnd)) }),
    }),
    more: joined(
      find(`declare_method.${one.method}`) ?? one.method,
      t("agency.receipt_no", { n: one.receipt }),
      one.by !== null && who(one.by),
      one.reason,
    ),
    origin: "payment",
    tone: "good",
  }));

export function ofCrossings({ crossing, way_back }: Crossings): Moment[] {
  const about = { kind: "crossing", more: "", origin: null, tone: "good" } as const;
  return [
    ...(crossing
      ? [{ ...about, key: "out", at: crossing.at, title: t("agency.went_over", place(crossing)) }]
      : []),
    ...(way_back
      ? [{ ...about, key: "back", at: way_back.at, title: t("agency.came_over", place(way_back)) }]
      : []),
  ];
}

const place = ({ gate }: { gate: string }) => ({ gate: placeName(gate) });

/** The newest first. */
export const inOrder = (all: readonly Moment[]): Moment[] =>
  [...all].sort((a, b) => (a.at === b.at ? (a.key < b.key ? 1 : -1) : a.at < b.at ? 1 : -1));
