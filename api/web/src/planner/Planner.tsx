import { useEffect, useState } from "preact/hooks";
import { getSite } from "../client";
import { nameOf, t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { AccountMenu } from "../parts/AccountMenu";
import { problem } from "../parts/problem";
import type { Session, Site } from "../types";
import { PlanNow } from "./PlanNow";
import { Simulation } from "./Simulation";

const VIEWS = ["simulation", "plan"] as const;
type View = (typeof VIEWS)[number];

/** The address keeps the view, so that a reload and a link come back to it. */
const PLAN = "#plan";

export function Planner({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [site, setSite] = useState<Site | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [view, setView] = useState<View>(location.hash === PLAN ? "plan" : "simulation");

  useEffect(() => {
    getSite().then(setSite, setWrong);
  }, []);

  function show(next: View): void {
    history.replaceState(null, "", next === "plan" ? PLAN : location.pathname + location.search);
    setView(next);
  }

  return (
    <div class={`planner ${view}`}>
      <header>
        <h1>
          <strong>{t("common.product")}</strong>
          {site && nameOf(site.name)}
        </h1>
        <span class="views">
          {VIEWS.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === view}
              onClick={() => show(one)}
            >
              {t(`planner.view_${one}`)}
            </button>
          ))}
        </span>
        <Help screen="planner" />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {site && (view === "plan" ? <PlanNow site={site} /> : <Simulation site={site} />)}
    </div>
  );
}
