import { nameOf, t } from "../../language";
import { refusalWords } from "../../parts/problem";
import { duration, instant, moment, wholeNumber } from "../../time";
import type { Site } from "../../types";
import type { Effect, Move, Place } from "./acts";
import { heard } from "./heard";

interface Props {
  effect: Effect;
  site: Site;
}

const shiftOf = ({ from, to }: Move): number | null =>
  from && to ? (Date.parse(to.starts_at) - Date.parse(from.starts_at)) / 1000 : null;

/** In words what an act changes, and the trucks that move most, each with its shift drawn. */
export function EffectView({ effect, site }: Props) {
  if (effect.refused !== null) {
    return (
      <p class="refusal" role="alert">
        {refusalWords(effect.refused)}
      </p>
    );
  }
  const most = Math.max(1, ...effect.trips.map((trip) => Math.abs(shiftOf(trip) ?? 0)));
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
        </>
      )}
    </section>
  );
}

function Sentences({ effect }: { effect: Effect }) {
  const { moved, earlier, later, worst_later_s, unserved, overtaken, delay_cost_vnd } = effect;
  const n = wholeNumber;
  const vnd = (amount: number): string => `${n(Math.round(Math.abs(amount) / 1000) * 1000)} ₫`;
  return (
    <>
      <p class="moved">
        {moved === 0
          ? t("act.no_move")
          : t("act.moves", { n: n(moved), earlier: n(earlier), later: n(later) })}{" "}
        {worst_later_s !== null && worst_later_s > 0 && (
          <b>{t("act.worst", { time: duration(worst_later_s) })}</b>
        )}
      </p>
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
    </>
  );
}

/** A truck's slot before and after; the bar reaches left for earlier, right for later. */
function MoveRow({ trip, site, most }: { trip: Move; site: Site; most: number }) {
  const shift = shiftOf(trip);
  const share = shift === null ? 0 : (50 * Math.abs(shift)) / most;
  const said =
    shift === null || shift === 0
      ? trip.from && trip.to && trip.from.gate !== trip.to.gate
        ? t("act.shift_gate")
        : ""
      : t(shift < 0 ? "act.shift_earlier" : "act.shift_later", {
          time: duration(Math.abs(shift)),
        });
  return (
    <li>
      <b>{trip.plate}</b>
      <span class="places">
        <Slot place={trip.from} other={trip.to} site={site} /> →{" "}
        <Slot place={trip.to} other={trip.from} site={site} />
      </span>
      <i class="axis" aria-hidden="true">
        {shift !== null && shift !== 0 && (
          <u
            class={shift < 0 ? "earlier" : "later"}
            style={shift < 0 ? { right: "50%", width: `${share}%` } : { left: "50%", width: `${share}%` }}
          />
        )}
      </i>
      <small>{said}</small>
    </li>
  );
}

/** A slot's time; its gate where that is another one than before. */
function Slot({ place, other, site }: { place: Place | null; other: Place | null; site: Site }) {
  if (place === null) return <>{t("act.no_slot")}</>;
  const gate = site.gates.find((one) => one.id === place.gate);
  const now = heard.value?.now ?? instant(place.starts_at);
  return (
    <>
      {moment(instant(place.starts_at), now, site.timezone)}
      {other !== null && other.gate !== place.gate && ` ${gate ? nameOf(gate.name) : place.gate}`}
    </>
  );
}
