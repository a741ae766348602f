/** The forms of what is done with a gate and its trucks, but for closing it. */

import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import type { Cargo, Site, SiteGate } from "../../types";
import type { FieldsOf, Reasons } from "./acts";
import { type Chosen, FixedMoment, iso, OpenMoment, soon } from "./Moments";
import { PlannedAct } from "./PlannedAct";

const HOUR_MS = 3_600_000;
const CARGOES: readonly Cargo[] = ["normal", "reefer", "perishable"];

export interface GateForm {
  gate: SiteGate;
  site: Site;
  reasons: Reasons;
  /** What the gate takes now, trucks an hour; null where nobody knows yet. */
  perHour: number | null;
  onLeave: () => void;
  onDone: () => void;
}

/** From now or a time on, until a time. */
function useSpan(timezone: string): {
  fields: () => Pick<FieldsOf<"open_gate">, "starts_at" | "ends_at">;
  view: preact.JSX.Element;
} {
  const [starts, setStarts] = useState<Chosen>({ timed: false, local: soon(HOUR_MS, timezone) });
  const [ends, setEnds] = useState(() => soon(2 * HOUR_MS, timezone));
  return {
    fields: () => ({
      ends_at: iso(ends, timezone),
      ...(starts.timed ? { starts_at: iso(starts.local, timezone) } : {}),
    }),
    view: (
      <>
        <OpenMoment
          id="starts"
          name={t("act.starts")}
          open={t("act.now")}
          chosen={starts}
          timezone={timezone}
          onChoose={setStarts}
        />
        <fieldset class="ends">
          <legend>{t("act.until")}</legend>
          <FixedMoment
            name={t("act.until")}
            local={ends}
            timezone={timezone}
            onChange={setEnds}
          />
        </fieldset>
      </>
    ),
  };
}

export function OpenForm({ gate, site, reasons, onLeave, onDone }: GateForm) {
  const { fields, view } = useSpan(site.timezone);
  return (
    <PlannedAct
      kind="open_gate"
      title={t("act.open_gate_title", { gate: nameOf(gate.name) })}
      codes={reasons.open_gate ?? []}
      site={site}
      wish={() => ({ gate: gate.id, ...fields() })}
      onLeave={onLeave}
      onDone={onDone}
    >
      {view}
    </PlannedAct>
  );
}

export function CapacityForm({ gate, site, reasons, perHour, onLeave, onDone }: GateForm) {
  const { fields, view } = useSpan(site.timezone);
  const [rate, setRate] = useState(perHour === null ? NaN : Math.round(perHour));
  return (
    <PlannedAct
      kind="capacity"
      title={t("act.capacity_title", { gate: nameOf(gate.name) })}
      codes={reasons.capacity ?? []}
      site={site}
      wish={() => ({ gate: gate.id, per_h: rate, ...fields() })}
      onLeave={onLeave}
      onDone={onDone}
    >
      <label>
        {t("act.per_h")}
        <input
          name="per_h"
          type="number"
          min={1}
          max={1000}
          required
          value={Number.isNaN(rate) ? "" : rate}
          onInput={(event) => setRate(event.currentTarget.valueAsNumber)}
        />
      </label>
      {view}
    </PlannedAct>
  );
}

export function HoldClassForm({ gate, site, reasons, onLeave, onDone }: GateForm) {
  const [cargo, setCargo] = useState<Cargo | "">("");
  const [haulier, setHaulier] = useState("");
  const [until, setUntil] = useState<Chosen>({
    timed: false,
    local: soon(2 * HOUR_MS, site.timezone),
  });
  return (
    <PlannedAct
      kind="hold_class"
      title={t("act.hold_class_title", { gate: nameOf(gate.name) })}
      hint={t("act.hold_hint")}
      codes={reasons.hold_class ?? []}
      site={site}
      wish={() => ({
        gate: gate.id,
        ...(cargo === "" ? {} : { cargo }),
        ...(haulier.trim() === "" ? {} : { haulier: haulier.trim() }),
        ...(until.timed ? { until: iso(until.local, site.timezone) } : {}),
      })}
      onLeave={onLeave}
      onDone={onDone}
    >
      <label>
        {t("act.cargo")}
        <select
          name="cargo"
          value={cargo}
          onChange={(event) => setCargo(event.currentTarget.value as Cargo | "")}
        >
          <option value="">{t("act.any")}</option>
          {CARGOES.map((one) => (
            <option key={one} value={one}>
              {t(`cargo.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("act.haulier")}
        <input
          name="haulier"
          maxLength={80}
          autocomplete="off"
          placeholder={t("act.any")}
          value={haulier}
          onInput={(event) => setHaulier(event.currentTarget.value)}
        />
      </label>
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
