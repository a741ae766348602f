import { useEffect, useRef, useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { personName } from "../../parts/place";
import { decimal, duration, instant, moment, wholeNumber } from "../../time";
import { address, toggle } from "../address";
import { cancelRun } from "../api";
import { failure, isOver, runs, wrongRuns } from "../runs";
import { steeringName } from "../steering";
import type { RunInList } from "../types";

/** Every run that is kept, newest first: how far it is, and which are compared. */
export function Runs({ timezone }: { timezone: string }) {
  const chosen = address.value.runs;
  const all = runs.value;
  return (
    <section class="run-list" aria-label={t("planner.runs")}>
      <h2>{t("planner.runs")}</h2>
      <p class="quiet">{t("planner.runs_hint")}</p>
      {wrongRuns.value !== null && <p class="refusal">{problem(wrongRuns.value)}</p>}
      {all === null && wrongRuns.value === null && <p class="quiet">{t("common.loading")}</p>}
      {all?.length === 0 && <p class="quiet">{t("planner.no_runs")}</p>}
      <ul>
        {all?.map((run) => (
          <OneRun key={run.id} run={run} place={chosen.indexOf(run.id)} timezone={timezone} />
        ))}
      </ul>
    </section>
  );
}

interface Props {
  run: RunInList;
  /** Its place in the comparison, -1 where it has none. */
  place: number;
  timezone: string;
}

function OneRun({ run, place, timezone }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const n = t("planner.replications_n", { n: wholeNumber(run.replications) });
  return (
    <li data-run={run.id} data-state={run.state} class={place >= 0 ? "chosen" : ""}>
      <label>
        <input type="checkbox" checked={place >= 0} onChange={() => toggle(run.id)} />
        <b>{steeringName(run.steering)}</b>
        <span class="id">{run.id}</span>
      </label>
      <p>{nameOf(run.name)}</p>
      <p class="quiet">
        {n} · {t("planner.seed_n", { n: run.seed })} ·{" "}
        {moment(instant(run.created_at), new Date(), timezone)} · {personName(run.created_by)}
      </p>
      {!isOver(run) && (
        <Progress run={run} onCancel={() => void cancelRun(run.id).catch(setWrong)} />
      )}
      {run.state === "cancelled" && (
        <p class="quiet">
          {run.digest === null
            ? t("planner.cancelled")
            : t("planner.ended_early", { done: wholeNumber(run.done), n: wholeNumber(run.replications) })}
        </p>
      )}
      {run.state === "failed" && (
        <p class="refusal">{failure(run)}</p>
      )}
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
    </li>
  );
}

/** A rate needs this much of a run to be told from a start, or of a long one so many seconds. */
const LEAST_SHARE = 0.02;
const LEAST_S = 5;

/** Seconds left, from how far it came since this page first saw it go. */
function useLeft({ id, state, progress }: RunInList): number | null {
  const seen = useRef<{ id: number; at: number; progress: number } | null>(null);
  useEffect(() => {
    if (state === "running" && seen.current?.id !== id) {
      seen.current = { id, at: performance.now(), progress };
    }
  }, [id, state]);
  const begun = seen.current;
  if (!begun || progress <= begun.progress) return null;
  const passed = (performance.now() - begun.at) / 1000;
  if (progress - begun.progress < LEAST_SHARE && passed < LEAST_S) return null;
  return ((1 - progress) * passed) / (progress - begun.progress);
}

function Progress({ run, onCancel }: { run: RunInList; onCancel: () => void }) {
  const left = useLeft(run);
  const percent = Math.round(100 * run.progress);
  const waits = run.state === "waiting";
  return (
    <div class="progress" aria-live="polite">
      <p>
        <span>
          {waits ? t("planner.waiting_turn") : t("planner.progress", { n: percent })}
          {!waits && ` · ${t("planner.done_of", { done: wholeNumber(run.done), n: wholeNumber(run.replications) })}`}
        </span>
        <span class="quiet">
          {left !== null && t("planner.left", { time: left < 60 ? t("planner.seconds", { n: decimal(left, 0, 0) }) : duration(left) })}
        </span>
      </p>
      <progress max={100} value={percent} aria-label={t("planner.running")} />
      <button type="button" onClick={onCancel}>
        {t("planner.cancel")}
      </button>
    </div>
  );
}
