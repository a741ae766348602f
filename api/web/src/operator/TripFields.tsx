import type { ComponentChildren } from "preact";
import { t } from "../language";
import { ago, clockTime, dayMonth, decimal, duration, instant } from "../time";
import type { Site, Trip } from "../types";
import { placeName } from "./alarms";
import type { Truck } from "./live";

interface Props {
  trip: Trip;
  site: Site;
  truck: Truck | undefined;
  /** The server's moment, ISO. */
  at: string | null;
}

function Row({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Everything a trip's declaration says, and where its truck stands. */
export function TripFields({ trip, site, truck, at }: Props) {
  const moment = (iso: string | null): string => {
    if (iso === null) return t("common.none");
    const when = instant(iso);
    return `${clockTime(when, site.timezone)} · ${dayMonth(when, site.timezone)}`;
  };
  return (
    <>
      <dl>
        <Row name={t("operator.direction")}>{t(`direction.${trip.direction}`)}</Row>
        <Row name={t("operator.cargo")}>{t(`cargo.${trip.cargo}`)}</Row>
        {trip.needs && <Row name={t("operator.needs")}>{trip.needs}</Row>}
        <Row name={t("operator.allowed_gates")}>
          {trip.gates.map((gate) => placeName(gate, site)).join(", ")}
        </Row>
        <Row name={t("operator.registered")}>{moment(trip.registered_at)}</Row>
        <Row name={t("operator.arrived")}>{moment(trip.arrived_at)}</Row>
        <Row name={t("operator.yard")}>
          {trip.yard ? placeName(trip.yard, site) : t("common.none")}
        </Row>
        <Row name={t("operator.ready")}>{moment(trip.ready_at)}</Row>
        <Row name={t("operator.released")}>{moment(trip.released_at)}</Row>
        {trip.haulier && <Row name={t("order.haulier")}>{trip.haulier}</Row>}
        {trip.convoy && <Row name={t("order.convoy")}>{trip.convoy}</Row>}
        {trip.declaration && <Row name={t("drawer.declaration")}>{trip.declaration}</Row>}
        {trip.weight_t !== null && (
          <Row name={t("drawer.weight")}>{decimal(trip.weight_t, 0, 1)} t</Row>
        )}
        {trip.returns_within_h !== null && (
          <Row name={t("drawer.returns")}>{duration(trip.returns_within_h * 3600)}</Row>
        )}
        {trip.penalty_s > 0 && (
          <Row name={t("drawer.penalty")}>{duration(trip.penalty_s)}</Row>
        )}
        <Row name={t("operator.device")}>
          {trip.device ?? t("operator.no_device")}
          {trip.tracker === "phone" && ` · ${t("drawer.phone")}`}
        </Row>
      </dl>
      {truck && at !== null && (
        <dl>
          <Row name={t("operator.speed")}>
            {truck.speed === null
              ? t("common.none")
              : t("operator.speed_value", { n: Math.round(truck.speed * 3.6) })}
          </Row>
          <Row name={t("operator.position")}>{ago(Date.parse(at) / 1000 - truck.fixedAt)}</Row>
        </dl>
      )}
    </>
  );
}
