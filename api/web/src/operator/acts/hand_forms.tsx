/** The forms of what is said of one truck by hand: where it is, that its GPS is faulty. */

import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { ActDialog } from "./ActDialog";
import { FAULT_REASONS, type FaultReason, HAND_REASONS, type HandReason } from "./acts";
import { markFaulty, sayByHand } from "./api";
import { Because, NO_CAUSE } from "./Because";
import { type Chosen, iso, OpenMoment, soon } from "./Moments";
import type { TruckForm } from "./truck_forms";

const QUARTER_MS = 900_000;
type HandForm = Omit<TruckForm, "reasons"> & { what: "entered" | "left" };

export function SayForm({ trip, site, what, onLeave, onDone }: HandForm) {
  const [yard, setYard] = useState(site.yards[0]?.id ?? "");
  const [when, setWhen] = useState<Chosen>({
    timed: false,
    local: soon(-2 * QUARTER_MS, site.timezone),
  });
  const [cause, setCause] = useState({
    ...NO_CAUSE,
    reason: trip.device === null ? "no_tracker" : "",
  });
  return (
    <ActDialog
      name={what}
      title={t(`act.${what}_title`, { plate: trip.plate })}
      {...(what === "entered" ? { hint: t("act.by_hand_hint") } : {})}
      show={null}
      confirm={t("act.confirm")}
      enter={async (key) => {
        const at = when.timed ? { at: iso(when.local, site.timezone) } : {};
        const where = what === "entered" ? { yard } : {};
        const reason = cause.reason as HandReason;
        await sayByHand(trip.id, { what, ...where, ...at, reason }, key);
        onDone();
        return null;
      }}
      onLeave={onLeave}
    >
      {what === "entered" && (
        <label>
          {t("act.yard")}
          <select
            name="yard"
            value={yard}
            onChange={(event) => setYard(event.currentTarget.value)}
          >
            {site.yards.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one.name)}
              </option>
            ))}
          </select>
        </label>
      )}
      <OpenMoment
        id="when"
        name={t("act.when")}
        open={t("act.now")}
        chosen={when}
        timezone={site.timezone}
        onChoose={setWhen}
      />
      <Because codes={HAND_REASONS} cause={cause} noted={false} onCause={setCause} />
    </ActDialog>
  );
}

type FaultProps = Omit<TruckForm, "reasons" | "site"> & { device: string };

export function FaultForm({ trip, device, onLeave, onDone }: FaultProps) {
  const [cause, setCause] = useState(NO_CAUSE);
  return (
    <ActDialog
      name="fault"
      title={t("act.fault_title", { plate: trip.plate })}
      hint={t("act.fault_hint")}
      show={null}
      confirm={t("act.confirm")}
      enter={async () => {
        await markFaulty(device, cause.reason as FaultReason);
        onDone();
        return null;
      }}
      onLeave={onLeave}
    >
      <Because codes={FAULT_REASONS} cause={cause} noted={false} onCause={setCause} />
    </ActDialog>
  );
}
