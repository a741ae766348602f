import { useState } from "preact/hooks";
import { closeGate, countAffected } from "../../client";
import { nameOf, t } from "../../language";
import type { Affected, ClosureWish } from "../../order";
import { instant, moment, wholeNumber } from "../../time";
import type { Site, SiteGate } from "../../types";
import { ActDialog } from "./ActDialog";
import { previewAct } from "./api";
import { EffectView } from "./EffectView";
import { heard } from "./heard";
import { type Chosen, iso, OpenMoment, soon } from "./Moments";

const HOUR_MS = 3_600_000;

interface Props {
  gate: SiteGate;
  site: Site;
  /** Whether the planner may be asked what it changes; an officer closes by the counts alone. */
  may: boolean;
  onLeave: () => void;
  onDone: () => void;
}

/** Closes a gate or takes places off it; why is told in words, for drivers' clerks read it. */
export function CloseForm({ gate, site, may, onLeave, onDone }: Props) {
  const { timezone } = site;
  const [starts, setStarts] = useState<Chosen>({ timed: false, local: soon(HOUR_MS, timezone) });
  const [ends, setEnds] = useState<Chosen>({ timed: false, local: soon(2 * HOUR_MS, timezone) });
  const [places, setPlaces] = useState(0);
  const [reason, setReason] = useState("");
  const wish = (): ClosureWish => ({
    places_left: places,
    reason: reason.trim(),
    ...(starts.timed ? { starts_at: iso(starts.local, timezone) } : {}),
    ...(ends.timed ? { ends_at: iso(ends.local, timezone) } : {}),
  });
  const shut = places === 0;
  return (
    <ActDialog
      name="closing"
      title={t("closure.title", { gate: nameOf(gate.name) })}
      confirm={t(shut ? "closure.confirm_shut" : "closure.confirm_limit", {
        gate: nameOf(gate.name),
      })}
      show={async () => {
        const asked = { kind: "close_gate", gate: gate.id, ...wish() } as const;
        const touched = await countAffected(gate.id, wish());
        const effect = may ? await previewAct(asked) : null;
        return {
          view: (
            <>
              <Touched {...{ touched, shut, timezone }} known={ends.timed} />
              {effect && <EffectView effect={effect} site={site} />}
            </>
          ),
          allowed: effect === null || effect.refused === null,
        };
      }}
      enter={async (key) => {
        await closeGate(gate.id, wish(), key);
        onDone();
        return null;
      }}
      onLeave={onLeave}
    >
      <OpenMoment
        id="starts"
        name={t("closure.starts")}
        open={t("closure.now")}
        chosen={starts}
        timezone={timezone}
        onChoose={setStarts}
      />
      <OpenMoment
        id="ends"
        name={t("closure.ends")}
        open={t("closure.unknown")}
        chosen={ends}
        timezone={timezone}
        onChoose={setEnds}
      />
      <label>
        {t("closure.places")}
        <span>
          <input
            name="places"
            type="number"
            min={0}
            max={gate.inspection_places - 1}
            required
            value={places}
            onInput={({ currentTarget: { valueAsNumber } }) => setPlaces(valueAsNumber)}
          />{" "}
          {t("closure.places_hint", { n: wholeNumber(gate.inspection_places) })}
        </span>
      </label>
      <label>
        {t("closure.reason")}
        <input
          name="reason"
          required
          maxLength={200}
          autocomplete="off"
          placeholder={t("closure.reason_hint")}
          value={reason}
          onInput={(event) => setReason(event.currentTarget.value)}
        />
      </label>
    </ActDialog>
  );
}

interface TouchedProps {
  touched: Affected;
  shut: boolean;
  known: boolean;
  timezone: string;
}

/** Whose slots are turned away, and how many are past being told. */
function Touched({ touched, shut, known, timezone }: TouchedProps) {
  const end = instant(touched.until);
  const until = moment(end, heard.value?.now ?? end, timezone);
  const n = wholeNumber(touched.slots);
  return (
    <section>
      <p class="slots-touched">
        {t(shut ? "closure.touched" : "closure.touched_some", { n, until })}
      </p>
      {touched.called > 0 && (
        <p>{t("closure.touched_called", { n: wholeNumber(touched.called) })}</p>
      )}
      {!known && <p class="quiet">{t("closure.assumed", { until })}</p>}
    </section>
  );
}
