import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import type { Session, Site, SiteGate } from "../../types";
import { watches } from "../views";
import { endAct, listActs, listReasons } from "./api";
import { CloseForm } from "./CloseForm";
import { CapacityForm, HoldClassForm, OpenForm } from "./gate_forms";
import { heard } from "./heard";
import { Standing } from "./Standing";

const ASK_AGAIN_MS = 10_000;
const HOUR_MS = 3_600_000;
/** Acts that are a gate's own and not one truck's. */
const OF_GATES: ReadonlySet<string> = new Set(["capacity", "open_gate", "hold_class"]);

interface Props {
  gate: SiteGate;
  site: Site;
  session: Session;
  timezone: string;
  /** What the gate takes now, trucks an hour. */
  perHour?: number | null;
  onClosed?: () => void;
}

type Form = "close" | "open" | "capacity" | "hold";

/** What may be done with a gate, and what was done that still stands. */
export function GateActs({ gate, site, session, perHour, onClosed }: Props) {
  const [form, setForm] = useState<Form | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const may = session.permissions.includes("acts");
  const standing = useAsked(
    () => listActs("standing"),
    ASK_AGAIN_MS,
    [gate.id],
    heard.value?.acts,
  );
  const reasons = useAsked(listReasons, HOUR_MS, []);
  const mine = (standing.answer ?? []).filter(
    ({ kind, gate: at }) => at === gate.id && OF_GATES.has(kind),
  );
  const refused = wrong ?? standing.wrong;
  const shared = {
    gate,
    site,
    reasons: reasons.answer ?? {},
    perHour: perHour ?? null,
    onLeave: () => setForm(null),
    onDone: standing.again,
  };
  const closed = (): void => onClosed?.();
  const end = (act: number): void => {
    endAct(act)
      .then(() => setWrong(null), setWrong)
      .finally(standing.again);
  };
  if (!watches(session)) return null;
  return (
    <section class="gate-acts" aria-label={t("act.of_gate", { gate: nameOf(gate.name) })}>
      {refused !== null && (
        <p class="refusal" role="alert">
          {problem(refused)}
        </p>
      )}
      {mine.map((act) => (
        <Standing key={act.id} act={act} site={site} onEnd={may ? () => end(act.id) : null} />
      ))}
      <p class="buttons">
        <button type="button" class="close-gate" onClick={() => setForm("close")}>
          {t("closure.open_dialog")}
        </button>
        {may && (
          <>
            <button type="button" data-form="open" onClick={() => setForm("open")}>
              {t("act.open_gate")}…
            </button>
            <button type="button" data-form="capacity" onClick={() => setForm("capacity")}>
              {t("act.capacity")}…
            </button>
            <button type="button" data-form="hold" onClick={() => setForm("hold")}>
              {t("act.hold_class")}…
            </button>
          </>
        )}
      </p>
      {form === "close" && (
        <CloseForm gate={gate} site={site} may={may} onLeave={shared.onLeave} onDone={closed} />
      )}
      {form === "open" && <OpenForm {...shared} />}
      {form === "capacity" && <CapacityForm {...shared} />}
      {form === "hold" && <HoldClassForm {...shared} />}
    </section>
  );
}
