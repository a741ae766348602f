import { useEffect } from "preact/hooks";
import { askBoard } from "../board/api";
import { getSite } from "../client";
import { t } from "../language";
import { listColleagues, meet } from "../operator/colleagues";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { problem } from "../parts/problem";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import { useAsked } from "../parts/useAsked";
import { useTick } from "../parts/useTick";
import { clockTime } from "../time";
import type { Session, Site } from "../types";
import { hearMoment, isHeard, now } from "./clock";
import { deskName, learnWorkflow, workflow } from "./names";
import { TripPage } from "./trip/TripPage";
import { ViewOf } from "./ViewOf";
import { correctAddress, type Place, place, show, shownTo, viewsOf } from "./views";

const SITE_MS = 300_000;
const COLLEAGUES_MS = 300_000;
const TICK_MS = 10_000;
const CLOCK_MS = 10_000;
/** Views whose own answers say the moment. */
const SAYS_MOMENT: readonly string[] = ["work", "crossings"];

interface Props {
  session: Session;
  onLeave: () => void;
}

/** The page of the agencies: what waits for them, and whatever they have to do with one truck. */
export function Agency({ session, onLeave }: Props) {
  const site = useAsked(getSite, SITE_MS, []);
  const words = useAsked(learnWorkflow, SITE_MS, []);
  const colleagues = useAsked(listColleagues, COLLEAGUES_MS, []);
  useEffect(() => meet(colleagues.answer), [colleagues.answer]);
  const wanted = place.value;
  const here = shownTo(session, wanted);
  useEffect(() => correctAddress(here), [wanted, session]);
  useClock("view" in here && !SAYS_MOMENT.includes(here.view));
  const wrong = site.wrong ?? words.wrong;
  const there = site.answer && workflow.value !== undefined;
  return (
    <div class="agency">
      <TopBar session={session} site={site.answer} here={here} onLeave={onLeave} />
      <main>
        {wrong !== null && !there && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        {wrong === null && !there && <p class="quiet">{t("common.loading")}</p>}
        {site.answer && there && <Shown session={session} site={site.answer} here={here} />}
      </main>
    </div>
  );
}

/** Hear the moment from the public board, where nothing else on the page says it. */
function useClock(asks: boolean): void {
  useEffect(() => {
    if (!asks) return undefined;
    // Who cannot hear it goes on by the moment heard last; the views say what is wrong.
    const look = (): void => void askBoard().then(({ at }) => hearMoment(at), () => undefined);
    look();
    const timer = setInterval(look, CLOCK_MS);
    return () => clearInterval(timer);
  }, [asks]);
}

interface ShownProps {
  session: Session;
  site: Site;
  here: Place;
}

function Shown({ session, site, here }: ShownProps) {
  useTick(TICK_MS);
  if ("trip" in here) {
    return <TripPage key={here.trip} id={here.trip} session={session} site={site} />;
  }
  return <ViewOf view={here.view} session={session} site={site} />;
}

function TopBar({ session, site, here, onLeave }: Props & { site: Site | null; here: Place }) {
  useTick(1000);
  const whose = session.agency
    ? deskName(session.agency as Parameters<typeof deskName>[0])
    : session.role === "operator"
      ? deskName("yard")
      : t("agency.looks");
  return (
    <header>
      <h1>
        <a href="/">
          <strong>{t("common.product")}</strong>
        </a>
        {whose}
      </h1>
      <span class="views">
        {viewsOf(session).map((one) => (
          <button
            type="button"
            key={one}
            data-view={one}
            aria-pressed={"view" in here && here.view === one}
            onClick={() => show(one)}
          >
            {t(`agency.view_${one}`)}
          </button>
        ))}
      </span>
      {site && isHeard() && <time class="clock">{clockTime(now(), site.timezone)}</time>}
      <Help screen="agency" />
      <ThemeSwitch />
      <LanguageSwitch />
      <AccountMenu session={session} onLeave={onLeave} />
    </header>
  );
}
