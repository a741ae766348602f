import { useEffect, useState } from "preact/hooks";
import { getSite, listScenarios } from "../client";
import { nameOf, t } from "../language";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { LeaveButton } from "../parts/LeaveButton";
import { problem } from "../parts/problem";
import type { ScenarioChoice, Session, Site } from "../types";
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

export function Planner({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [site, setSite] = useState<Site | null>(null);
  const [scenarios, setScenarios] = useState<ScenarioChoice[]>([]);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    Promise.all([getSite(), listScenarios()]).then(([where, days]) => {
      setSite(where);
      setScenarios(days);
      resume();
    }, setWrong);
  }, []);

  const state = simulation.value?.state;
  return (
    <div class="planner">
      <header>
        <h1>
          <strong>{t("common.product")}</strong> {t("planner.title")}
          {site && <span> · {nameOf(site.name)}</span>}
        </h1>
        <LanguageSwitch />
        <LeaveButton session={session} onLeave={onLeave} />
      </header>
      <aside>
        <p class="intro">{t("planner.intro")}</p>
        {site && (
          <Form
            site={site}
            scenarios={scenarios}
            busy={state === "waiting" || state === "running"}
            onRun={(order) => void run(order)}
          />
        )}
      </aside>
      <main>
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        <Progress />
        {site && <Outcome site={site} />}
      </main>
    </div>
  );
}
