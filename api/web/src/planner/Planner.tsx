import { useEffect, useState } from "preact/hooks";
import { getSite } from "../client";
import { nameOf, t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { AccountMenu } from "../parts/AccountMenu";
import { listColleagues, meet } from "../operator/colleagues";
import { problem } from "../parts/problem";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import type { Session, Site } from "../types";
import { address, go, VIEWS } from "./address";
import { PlanNow } from "./PlanNow";
import { Results } from "./results/Results";
import { Runs } from "./results/Runs";
import { watch } from "./runs";
import { Scenario } from "./writing/Scenario";

export function Planner({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [site, setSite] = useState<Site | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const { view } = address.value;

  useEffect(() => {
    getSite().then(setSite, setWrong);
    // Who cannot be named is called by the account.
    listColleagues().then(meet, () => undefined);
  }, []);

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
              onClick={() => go({ view: one })}
            >
              {t(`planner.view_${one}`)}
            </button>
          ))}
        </span>
        <Help screen="planner" />
        <ThemeSwitch />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {site && view === "scenario" && <Scenario site={site} />}
      {site && view === "runs" && <Compared site={site} />}
      {site && view === "plan" && <PlanNow site={site} />}
    </div>
  );
}

/** The runs that are kept, beside what came out of those that are chosen. */
function Compared({ site }: { site: Site }) {
  useEffect(watch, []);
  return (
    <>
      <aside>
        <Runs timezone={site.timezone} />
      </aside>
      <main>
        <Results site={site} />
      </main>
    </>
  );
}
