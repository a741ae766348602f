import { t } from "../../language";
import { find, nameOf } from "../../language";
import { who } from "../../operator/colleagues";
import { duration, instant, moment } from "../../time";
import { heat, now, secondsSince } from "../clock";
import { deskName, lockName, waitedFor } from "../names";
import type { Act, TripStage, TripStages } from "../types";
import { Origin } from "./Origin";

interface Props {
  stages: TripStages;
  timezone: string;
  busy: boolean;
  onAct: (act: Act, stage: TripStage) => void;
}

/** Every stage of a trip: how it stands, whom it waits for, and what the reader may say of it. */
export function Stages({ stages, timezone, busy, onAct }: Props) {
  return (
    <section class="stages">
      <h2>
        {stages.name ? nameOf(stages.name) : t("agency.stages")}
        {stages.version && (
          <small>{t("agency.by_version", { version: stages.version })}</small>
        )}
      </h2>
      {stages.stages.length === 0 && <p class="quiet">{t("agency.no_stages")}</p>}
      <ol>
        {stages.stages.map((stage) => (
          <One key={stage.stage} stage={stage} timezone={timezone} busy={busy} onAct={onAct} />
        ))}
      </ol>
    </section>
  );
}

interface OneProps extends Omit<Props, "stages"> {
  stage: TripStage;
}

function One({ stage, timezone, busy, onAct }: OneProps) {
  const { state, record, since, desk } = stage;
  const open = state !== "confirmed" && state !== "waiting";
  return (
    <li class={state} data-stage={stage.stage} data-state={state}>
      <span class="mark" role="img" aria-label={t(`agency.state_${state}`)}>
        {MARKS[state]}
      </span>
      <div title={line(stage)}>
        <b>{nameOf(stage.name)}</b>
        {desk && <small class="whose">{deskName(desk)}</small>}
        <small class={open ? `state ${heat(secondsSince(since))}` : "state"}>
          {open && `${t(`agency.state_${state}`)} · ${duration(secondsSince(since))}`}
          {state === "confirmed" && moment(instant(since), now(), timezone)}
          {stage.expires_at &&
            state === "confirmed" &&
            ` · ${t("agency.until", { at: moment(instant(stage.expires_at), now(), timezone) })}`}
        </small>
        {record && (
          <small class="said">
            <Origin of={record.origin} /> {who(record.by)}
            {record.reason && ` · ${find(`agency.reason_${record.reason}`) ?? record.reason}`}
            {record.note && ` · “${record.note}”`}
          </small>
        )}
        {stage.waits_for.length > 0 && <small class="waits">{waits(stage)}</small>}
        {state !== "confirmed" && stage.unlocks.length > 0 && (
          <small class="unlocks">{stage.unlocks.map(lockName).join(" · ")}</small>
        )}
      </div>
      <span class="buttons">
        {stage.may.map((act) => (
          <button
            type="button"
            key={act}
            class={act === "confirmed" ? "main" : ""}
            data-act={act}
            disabled={busy}
            onClick={() => onAct(act, stage)}
          >
            {t(`agency.do_${act}`)}
          </button>
        ))}
      </span>
    </li>
  );
}

const waits = (stage: TripStage): string =>
  t("agency.waits_for", {
    whom: waitedFor(stage.waits_for)
      .map((one) => `${deskName(one.desk)}, ${duration(secondsSince(one.since))}`)
      .join("; "),
  });

/** What a line that is cut off says in full. */
const line = (stage: TripStage): string =>
  [
    nameOf(stage.name),
    stage.record?.note ?? "",
    stage.waits_for.length > 0 ? waits(stage) : "",
    ...stage.unlocks.map(lockName),
  ]
    .filter(Boolean)
    .join(" · ");

const MARKS: Record<TripStage["state"], string> = {
  waiting: "○",
  ready: "●",
  asked: "?",
  confirmed: "✓",
  refused: "✕",
  expired: "!",
};
