/** The forms of what is done with one truck and changes the plan. */

import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import type { Site, Trip } from "../../types";
import type { Reasons } from "./acts";
import { type Chosen, FixedMoment, iso, OpenMoment, soon } from "./Moments";
import { PlannedAct } from "./PlannedAct";
import { OtherTruck } from "./OtherTruck";

const HOUR_MS = 3_600_000;

export interface TruckForm {
  trip: Trip;
  site: Site;
  reasons: Reasons;
  onLeave: () => void;
  onDone: () => void;
}

export function HoldForm({ trip, site, reasons, onLeave, onDone }: TruckForm) {
  const [until, setUntil] = useState<Chosen>({
    timed: false,
    local: soon(2 * HOUR_MS, site.timezone),
  });
  return (
    <PlannedAct
      kind="hold_truck"
      title={t("act.hold_truck_title", { plate: trip.plate })}
      hint={t("act.hold_hint")}
      codes={reasons.hold_truck ?? []}
      site={site}
      wish={() => ({
        trip_id: trip.id,
        ...(until.timed ? { until: iso(until.local, site.timezone) } : {}),
      })}
      onLeave={onLeave}
      onDone={onDone}
    >
      <OpenMoment
        id="until"
        name={t("act.until")}
        open={t("act.until_ended")}
        chosen={until}
        timezone={site.timezone}
        onChoose={setUntil}
      />
    </PlannedAct>
  );
}

/** Which of the gates a trip may use; none chosen is any. */
function GateOf(props: { trip: Trip; site: Site; any: boolean; gate: string; onGate: (gate: string) => void }) {
  const { trip, site, any, gate, onGate } = props;
  return (
    <label>
      {t("act.gate")}
      <select name="gate" value={gate} onChange={(event) => onGate(event.currentTarget.value)}>
        {any && <option value="">{t("act.any")}</option>}
        {site.gates
          .filter((one) => trip.gates.includes(one.id))
          .map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one.name)}
            </option>
          ))}
      </select>
    </label>
  );
}

export function ForwardForm({ trip, site, reasons, onLeave, onDone }: TruckForm) {
  const [gate, setGate] = useState("");
  return (
    <PlannedAct
      kind="forward"
      title={t("act.forward_title", { plate: trip.plate })}
      hint={t("act.forward_hint")}
      codes={reasons.forward ?? []}
      site={site}
      wish={() => ({ trip_id: trip.id, ...(gate === "" ? {} : { gate }) })}
      onLeave={onLeave}
      onDone={onDone}
    >
      {trip.gates.length > 1 && <GateOf {...{ trip, site, gate }} any onGate={setGate} />}
    </PlannedAct>
  );
}

export function PinForm({ trip, site, reasons, onLeave, onDone }: TruckForm) {
  const [gate, setGate] = useState(trip.slot?.gate ?? trip.gates[0] ?? "");
  const [local, setLocal] = useState(() => soon(HOUR_MS, site.timezone));
  return (
    <PlannedAct
      kind="pin"
      title={t("act.pin_title", { plate: trip.plate })}
      codes={reasons.pin ?? []}
      site={site}
      wish={() => ({ trip_id: trip.id, gate, starts_at: iso(local, site.timezone) })}
      onLeave={onLeave}
      onDone={onDone}
    >
      <GateOf {...{ trip, site, gate }} any={false} onGate={setGate} />
      <fieldset class="slot-at">
        <legend>{t("act.slot_at")}</legend>
        <FixedMoment
          name={t("act.slot_at")}
          local={local}
          timezone={site.timezone}
          onChange={setLocal}
        />
      </fieldset>
    </PlannedAct>
  );
}

export function SwapForm({ trip, site, reasons, onLeave, onDone }: TruckForm) {
  const [other, setOther] = useState<Trip | null>(null);
  return (
    <PlannedAct
      kind="swap"
      title={t("act.swap_title", { plate: trip.plate })}
      codes={reasons.swap ?? []}
      site={site}
      wish={() => ({ trip_id: trip.id, other_trip_id: other?.id ?? 0 })}
      onLeave={onLeave}
      onDone={onDone}
    >
      <OtherTruck not={trip.id} site={site} chosen={other} onChoose={setOther} />
    </PlannedAct>
  );
}
