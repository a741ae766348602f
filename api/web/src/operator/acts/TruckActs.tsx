import { useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { SureButton } from "../../parts/SureButton";
import { type Asked, useAsked } from "../../parts/useAsked";
import type { Session, Site, Trip } from "../../types";
import type { ActRecord } from "./acts";
import { endAct, endFault, listReasons, listWords } from "./api";
import { FaultForm, SayForm } from "./hand_forms";
import { HandRow } from "./HandRow";
import { heard } from "./heard";
import { Standing } from "./Standing";
import { TextForm } from "./TextForm";
import { ForwardForm, HoldForm, PinForm, SwapForm } from "./truck_forms";

const ASK_AGAIN_MS = 10_000;
const HOUR_MS = 3_600_000;

interface Props {
  trip: Trip;
  site: Site;
  session: Session;
  /** Every act in force. */
  standing: Asked<ActRecord[]>;
  onDone: () => void;
}

type Form = "hold" | "forward" | "pin" | "swap" | "entered" | "left" | "fault" | "text";

/** What may be done with one truck, and what was done that still stands. */
export function TruckActs({ trip, site, session, standing, onDone }: Props) {
  const [form, setForm] = useState<Form | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const mark = heard.value?.acts;
  const may = session.permissions.includes("acts");
  const words = useAsked(() => listWords(trip.id), ASK_AGAIN_MS, [trip.id], mark);
  const reasons = useAsked(listReasons, HOUR_MS, []);

  function done(): void {
    standing.again();
    words.again();
    onDone();
  }
  const change = (asked: Promise<unknown>): void => {
    asked.then(() => setWrong(null), setWrong).finally(done);
  };
  const mine = (standing.answer ?? []).filter(
    ({ trip_id, params }) => trip_id === trip.id || params.other_trip_id === trip.id,
  );
  const leave = (): void => setForm(null);
  const shared = { trip, site, onLeave: leave, onDone: done };
  const planned = { ...shared, reasons: reasons.answer ?? {} };
  const last = words.answer?.find(({ undone_at }) => undone_at === null);
  const refused = wrong ?? standing.wrong ?? words.wrong;
  const held = mine.some(({ kind }) => kind === "hold_truck");
  return (
    <section class="truck-acts">
      <h3>{t("act.of_truck")}</h3>
      {refused !== null && (
        <p class="refusal" role="alert">
          {problem(refused)}
        </p>
      )}
      {mine.map((act) => (
        <Standing
          key={act.id}
          act={act}
          site={site}
          onEnd={may ? () => change(endAct(act.id)) : null}
        />
      ))}
      {trip.has_number === false && <p class="warning">{t("act.no_number")}</p>}
      {trip.by_hand && <p>{t("act.is_by_hand")}</p>}
      {trip.device_faulty && <p class="warning">{t("act.is_faulty")}</p>}
      {last && (
        <ul class="act-rows">
          <HandRow word={last} site={site} session={session} onDone={done} />
        </ul>
      )}
      {may && trip.state === "active" && (
        <p class="buttons">
          {!held && <Open form="hold" name={t("act.hold_truck")} onOpen={setForm} />}
          <Open form="forward" name={t("act.forward")} onOpen={setForm} />
          <Open form="pin" name={t("act.pin")} onOpen={setForm} />
          {trip.slot !== null && <Open form="swap" name={t("act.swap")} onOpen={setForm} />}
          {trip.yard === null ? (
            <Open form="entered" name={t("act.entered")} onOpen={setForm} />
          ) : (
            <Open form="left" name={t("act.left")} onOpen={setForm} />
          )}
          {trip.device !== null && !trip.device_faulty && (
            <Open form="fault" name={t("act.fault")} onOpen={setForm} />
          )}
          {trip.device !== null && trip.device_faulty && (
            <SureButton
              name={t("act.sound")}
              sure={t("act.confirm")}
              onSure={() => trip.device !== null && change(endFault(trip.device))}
            />
          )}
          {trip.has_number !== false && (
            <Open form="text" name={t("act.text")} onOpen={setForm} />
          )}
        </p>
      )}
      {form === "hold" && <HoldForm {...planned} />}
      {form === "forward" && <ForwardForm {...planned} />}
      {form === "pin" && <PinForm {...planned} />}
      {form === "swap" && <SwapForm {...planned} />}
      {(form === "entered" || form === "left") && <SayForm {...shared} what={form} />}
      {form === "fault" && trip.device !== null && <FaultForm {...shared} device={trip.device} />}
      {form === "text" && <TextForm site={site} trip={trip} onLeave={leave} />}
    </section>
  );
}

interface OpenProps {
  form: Form;
  name: string;
  onOpen: (form: Form) => void;
}

function Open({ form, name, onOpen }: OpenProps) {
  return (
    <button type="button" data-form={form} onClick={() => onOpen(form)}>
      {name}…
    </button>
  );
}

