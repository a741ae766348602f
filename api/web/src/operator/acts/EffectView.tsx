import { nameOf, t } from "../../language";
import { refusalWords } from "../../parts/problem";
import { duration, instant, moment, wholeNumber } from "../../time";
import type { Site } from "../../types";
import type { Effect, InHand, Move } from "./acts";
import { heard } from "./heard";

interface Props {
  effect: Effect;
  site: Site;
}

/** In words what an act changes for drivers, and whom it touches most, each with its shift drawn. */
export function EffectView({ effect, site }: Props) {
  if (effect.refused !== null) {
    return (
      <p class="refusal" role="alert">
        {refusalWords(effect.refused)}
      </p>
    );
  }
  const most = Math.max(1, ...effect.trips.map((trip) => Math.abs(trip.shift_s ?? 0)));
  const more = effect.moved - effect.trips.filter(isMoved).length;
  return (
    <section class="effect" aria-live="polite">
      <h3>{t("act.effect")}</h3>
      <Sentences effect={effect} />
      {effect.warning && <p class="warning">{refusalWords(effect.warning)}</p>}
      {effect.trips.length > 0 && (
        <>
          <h4>{t("act.most_moved")}</h4>
          <ul class="moves">
            {effect.trips.map((trip) => (
              <MoveRow key={trip.trip_id} trip={trip} site={site} most={most} />
            ))}
          </ul>
          {more > 0 && <p class="quiet">{t("act.and_more", { n: wholeNumber(more) })}</p>}
        </>
      )}
    </section>
  );
}

const same = (one: InHand, other: InHand): boolean =>
  one.word === other.word && one.gate === other.gate && one.starts_at === other.starts_at;

/** Whether a truck is among the moved: an act's own is shown also where nothing changes for it. */
const isMoved = ({ from, otherwise, to }: Move): boolean =>
  !same(otherwise ?? from, to) && !(to.word === "planned" && otherwise?.word === "planned");

function Sentences({ effect }: { effect: Effect }) {
  const { moved, earlier, later, worst_later_s, unserved, overtaken, delay_cost_vnd } = effect;
  const n = wholeNumber;
  const vnd = (amount: number): string => `${n(Math.round(Math.abs(amount) / 1000) * 1000)} ₫`;
  return (
    <>
      <p class="moved">
        {moved === 0
          ? t("act.no_move")
          : earlier + later === 0
            ? t("act.affected", { n: n(moved) })
            : t("act.moves", { n: n(moved), earlier: n(earlier), later: n(later) })}{" "}
        {worst_later_s !== null && worst_later_s > 0 && (
          <b>{t("act.worst", { time: duration(worst_later_s) })}</b>
        )}
      </p>
      {(["held", "freed", "called", "uncalled"] as const).map(
        (what) => effect[what] > 0 && <p key={what}>{t(`act.${what}_n`, { n: n(effect[what]) })}</p>,
      )}
      {overtaken > 0 && <p class="overtaken">{t("act.overtaken", { n: n(overtaken) })}</p>}
      {unserved !== 0 && (
        <p>
          {t(unserved > 0 ? "act.unserved_more" : "act.unserved_less", {
            n: n(Math.abs(unserved)),
          })}
        </p>
      )}
      {delay_cost_vnd !== null && Math.abs(delay_cost_vnd) >= 1000 && (
        <p class="quiet">
          {t(delay_cost_vnd > 0 ? "act.cost_more" : "act.cost_less", { vnd: vnd(delay_cost_vnd) })}
        </p>
      )}
      <Untold effect={effect} />
    </>
  );
}

/** What no driver hears of yet: a sum, for nobody has made plans by it. */
function Untold({ effect: { others, others_shift_s, to_come } }: { effect: Effect }) {
  const n = wholeNumber(others);
  const shift = others_shift_s === null ? "" : shiftWords(others_shift_s);
  return (
    <>
      {to_come > 0 && <p class="to-come">{t("act.to_come", { n: wholeNumber(to_come) })}</p>}
      {others > 0 && (
        <p class="quiet others">
          {shift ? t("act.others_shift", { n, shift }) : t("act.others", { n })}
        </p>
      )}
    </>
  );
}

/** "15 min later"; nothing where it is less than half a minute. */
const shiftWords = (seconds: number): string =>
  Math.abs(seconds) < 30
    ? ""
    : t(seconds < 0 ? "act.shift_earlier" : "act.shift_later", {
        time: duration(Math.abs(seconds)),
      });

/** What a driver has in hand and will have; the bar reaches left for earlier, right for later. */
function MoveRow({ trip, site, most }: { trip: Move; site: Site; most: number }) {
  const { from, otherwise, to, shift_s: shift, held_until: until } = trip;
  const share = shift === null ? 0 : (50 * Math.abs(shift)) / most;
  const before = otherwise ?? from;
  const elsewhere = before.gate !== null && to.gate !== null && before.gate !== to.gate;
  const said = shift ? shiftWords(shift) : elsewhere ? t("act.shift_gate") : "";
  return (
    <li class={said ? "" : "still"}>
      <b>{trip.plate}</b>
      <span class="places">
        {handWords(from, to, null, site)} → {handWords(to, from, until, site)}
        {otherwise && !same(otherwise, to) && (
          <small>{t("act.otherwise", { what: handWords(otherwise, to, null, site) })}</small>
        )}
      </span>
      {said && (
        <i class="axis" aria-hidden="true">
          {shift !== null && shift !== 0 && (
            <u
              class={shift < 0 ? "earlier" : "later"}
              style={
                shift < 0
                  ? { right: "50%", width: `${share}%` }
                  : { left: "50%", width: `${share}%` }
              }
            />
          )}
        </i>
      )}
      {said && <small>{said}</small>}
    </li>
  );
}

/** A driver's word: a slot's time, with its gate where `other` is at another one. */
function handWords(hand: InHand, other: InHand, until: string | null, site: Site): string {
  const time = (iso: string): string =>
    moment(instant(iso), heard.value?.now ?? instant(iso), site.timezone);
  const gate = site.gates.find((one) => one.id === hand.gate);
  const elsewhere = other.gate !== null && other.gate !== hand.gate;
  const at = elsewhere ? ` ${gate ? nameOf(gate.name) : hand.gate}` : "";
  const slot = hand.starts_at === null ? "" : `${time(hand.starts_at)}${at}`;
  switch (hand.word) {
    case "slot":
      return slot;
    case "planned":
      return t("act.hand_planned", { time: slot });
    case "held":
      return until ? t("act.hand_held_until", { time: time(until) }) : t("act.hand_held");
    case "no_slot":
      return t("act.no_slot");
    default:
      return t(`act.hand_${hand.word}`);
  }
}
