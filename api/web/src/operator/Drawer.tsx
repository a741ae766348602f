import type { ComponentChildren } from "preact";
import { getTrip } from "../client";
import { nameOf, t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { ago, clockTime, dayMonth, instant } from "../time";
import type { Session, Site } from "../types";
import type { LiveLine } from "./live";
import { STATE_COLOUR } from "./palette";
import { TruckActs } from "./acts/TruckActs";
import { TripOrder } from "./TripOrder";

/** The registry's part of a truck changes by the minute, its position by the second. */
const ASK_AGAIN_MS = 10_000;

interface Props {
  id: number;
  site: Site;
  session: Session;
  line: LiveLine;
  onClose: () => void;
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Drawer({ id, site, session, line, onClose }: Props) {
  const asked = useAsked(() => getTrip(id), ASK_AGAIN_MS, [id]);
  const { answer: trip, wrong } = asked;

  void line.version.value;
  const truck = line.trucks.get(id);
  const picture = line.picture.value;
  const gate = (key: string): string => {
    const known = site.gates.find((one) => one.id === key);
    return known ? nameOf(known.name) : key;
  };
  const yard = site.yards.find((one) => one.id === trip?.yard);
  const moment = (iso: string | null): string => {
    if (iso === null) return t("common.none");
    const at = instant(iso);
    return `${clockTime(at, site.timezone)} · ${dayMonth(at, site.timezone)}`;
  };

  return (
    <aside class="drawer" aria-label={truck?.plate ?? trip?.plate ?? String(id)}>
      <header>
        <h2>{truck?.plate ?? trip?.plate ?? "…"}</h2>
        <button type="button" aria-label={t("common.close")} onClick={onClose}>
          ✕
        </button>
      </header>
      {truck && (
        <p class="state">
          <i style={{ background: STATE_COLOUR[truck.state] }} />
          {t(`state.${truck.state}`)}
        </p>
      )}
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {!trip && wrong === null && <p class="quiet">{t("common.loading")}</p>}
      {trip && (
        <>
          <section class="slot">
            {trip.slot ? (
              <>
                <b>
                  {clockTime(instant(trip.slot.starts_at), site.timezone)}–
                  {clockTime(instant(trip.slot.ends_at), site.timezone)}
                </b>
                <span>
                  {dayMonth(instant(trip.slot.starts_at), site.timezone)} · {gate(trip.slot.gate)}
                </span>
              </>
            ) : (
              <span>{t("operator.no_slot")}</span>
            )}
          </section>
          <TripOrder
            trip={trip}
            session={session}
            timezone={site.timezone}
            gateName={gate}
            onChanged={asked.again}
          />
          <TruckActs trip={trip} site={site} session={session} onDone={asked.again} />
          <dl>
            <Row name={t("operator.direction")}>{t(`direction.${trip.direction}`)}</Row>
            <Row name={t("operator.cargo")}>{t(`cargo.${trip.cargo}`)}</Row>
            {trip.needs && <Row name={t("operator.needs")}>{trip.needs}</Row>}
            <Row name={t("operator.allowed_gates")}>{trip.gates.map(gate).join(", ")}</Row>
            <Row name={t("operator.registered")}>{moment(trip.registered_at)}</Row>
            <Row name={t("operator.arrived")}>{moment(trip.arrived_at)}</Row>
            <Row name={t("operator.yard")}>{yard ? nameOf(yard.name) : t("common.none")}</Row>
            <Row name={t("operator.ready")}>{moment(trip.ready_at)}</Row>
            <Row name={t("operator.released")}>{moment(trip.released_at)}</Row>
            {trip.haulier && <Row name={t("order.haulier")}>{trip.haulier}</Row>}
            {trip.convoy && <Row name={t("order.convoy")}>{trip.convoy}</Row>}
            <Row name={t("operator.device")}>{trip.device ?? t("operator.no_device")}</Row>
          </dl>
        </>
      )}
      {truck && picture && (
        <dl>
          <Row name={t("operator.speed")}>
            {truck.speed === null
              ? t("common.none")
              : t("operator.speed_value", { n: Math.round(truck.speed * 3.6) })}
          </Row>
          <Row name={t("operator.position")}>
            {ago(Date.parse(picture.at) / 1000 - truck.fixedAt)}
          </Row>
        </dl>
      )}
    </aside>
  );
}
