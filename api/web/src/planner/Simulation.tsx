import { useEffect, useState } from "preact/hooks";
import { listScenarios } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import type { ScenarioChoice, Site } from "../types";
import { Form } from "./Form";
import { Results } from "./Results";
import { failure, resume, run, simulation } from "./run";

function Progress() {
  const now = simulation.value;
  if (!now || (now.state !== "waiting" && now.state !== "running")) return null;
  const percent = Math.round(100 * now.progress);
  return (
    <section class="progress" aria-live="polite">
      <p>
        <b>{t(now.state === "waiting" ? "planner.waiting_turn" : "planner.running")}</b>
        <span>{t("planner.progress", { n: percent })}</span>
      </p>
      <progress max={100} value={percent} />
    </section>
  );
}

function Outcome({ site }: { site: Site }) {
  const now = simulation.value;
  if (failure.value !== null) {
    return (
      <p class="refusal" role="alert">
        {problem(failure.value)}
      </p>
    );
  }
  if (!now) return <p class="empty">{t("planner.empty")}</p>;
  if (now.state === "failed" || now.state === "cancelled") {
    return (
      <p class="refusal" role="alert">
        {now.state === "failed"
          ? t("planner.failed", { error: now.error ?? "" })
          : t("planner.cancelled")}
      </p>
    );
  }
  return now.result ? <Results result={now.result} site={site} /> : null;
}

/** A day played twice with the very same trucks, without and with control. */
export function Simulation({ site }: { site: Site }) {
  const [scenarios, setScenarios] = useState<ScenarioChoice[]>([]);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    listScenarios().then((days) => {
      setScenarios(days);
      resume();
    }, setWrong);
  }, []);

  const state = simulation.value?.state;
  return (
    <>
      <aside>
        <p class="intro">{t("planner.intro")}</p>
        <Form
          site={site}
          scenarios={scenarios}
          busy={state === "waiting" || state === "running"}
          onRun={(order) => void run(order)}
        />
      </aside>
      <main>
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        <Progress />
        <Outcome site={site} />
      </main>
    </>
  );
}
