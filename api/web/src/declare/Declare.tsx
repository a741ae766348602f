import { useRef } from "preact/hooks";
import { getSite } from "../client";
import { t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { learnNames } from "../parts/names";
import { problem } from "../parts/problem";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import { useAsked } from "../parts/useAsked";
import { newKey } from "../request";
import { ServerClock } from "../time";
import type { Session, Site } from "../types";
import { useView, type View } from "./address";
import { Appeals } from "./Appeals";
import { getWorkflow, listDeclared, type Workflow } from "./api";
import { FormPage } from "./FormPage";
import { Import } from "./Import";
import { TripPage } from "./TripPage";
import { Trips } from "./Trips";

const SITE_MS = 300_000;
const CLOCK_MS = 60_000;
/** Between two answers the site's clock is taken on by so much at most. */
const CLOCK_AHEAD_MS = 120_000;
const TABS = ["trips", "import", "appeals"] as const;

/** What every part of the page goes by. */
export interface Place {
  session: Session;
  site: Site;
  workflow: Workflow | null;
  /** The site's moment, which in a played day is not the wall's. */
  now: () => Date;
  go: (view: View) => void;
}

export const newDraft = (
  from: { trip: number } | { template: string } | null = null,
): View => ({ at: "draft", id: newKey(), from });

/** The page of those who declare trips: what they have, a form, a table of many, appeals. */
export function Declare({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [view, go] = useView();
  const clock = useRef(new ServerClock(CLOCK_AHEAD_MS));
  const site = useAsked(getSite, SITE_MS, []);
  // Null is an answer too: a site may have no workflow.
  const workflow = useAsked(async () => ({ found: learnNames(await getWorkflow()) }), SITE_MS, []);
  const begun = useAsked(
    async () => {
      const { at } = await listDeclared("active", "");
      clock.current.observe(at, Date.now());
      return at;
    },
    CLOCK_MS,
    [],
  );
  const wrong = site.wrong ?? workflow.wrong ?? begun.wrong;
  const ready = site.answer && workflow.answer && begun.answer;

  return (
    <div class="declare">
      <header>
        <h1>
          <strong>{t("common.product")}</strong> {t("declare.title")}
        </h1>
        <nav class="views" aria-label={t("declare.title")}>
          {TABS.map((tab) => (
            <button
              type="button"
              key={tab}
              aria-pressed={view.at === tab}
              onClick={() => go({ at: tab })}
            >
              {t(`declare.tab_${tab}`)}
            </button>
          ))}
        </nav>
        <Help screen="declare" />
        <ThemeSwitch />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      <main>
        {!ready && wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        {!ready && wrong === null && <p class="quiet">{t("common.loading")}</p>}
        {site.answer && workflow.answer && begun.answer && (
          <Shown
            view={view}
            place={{
              session,
              site: site.answer,
              workflow: workflow.answer.found,
              now: () => clock.current.now(Date.now()),
              go,
            }}
          />
        )}
      </main>
    </div>
  );
}

function Shown({ view, place }: { view: View; place: Place }) {
  switch (view.at) {
    case "draft":
      return <FormPage key={view.id} id={view.id} from={view.from} place={place} />;
    case "trip":
      return <TripPage key={view.id} id={view.id} place={place} />;
    case "import":
      return <Import place={place} />;
    case "appeals":
      return <Appeals place={place} />;
    default:
      return <Trips place={place} />;
  }
}
