import { useState } from "preact/hooks";
import { getSite } from "../client";
import { t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { problem } from "../parts/problem";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import { useAsked } from "../parts/useAsked";
import type { Session } from "../types";
import { Accounts } from "./Accounts";
import { Audit } from "./Audit";
import { Keys } from "./Keys";
import { Personal } from "./Personal";

const SITE_MS = 300_000;
const VIEWS = ["accounts", "keys", "audit", "personal"] as const;
type View = (typeof VIEWS)[number];

function viewOfAddress(): View {
  return VIEWS.find((one) => location.hash === `#${one}`) ?? "accounts";
}

/** The administrators' page: who may come in, which machines may, who did what, and drivers' data. */
export function People({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [view, setView] = useState<View>(viewOfAddress);
  const site = useAsked(getSite, SITE_MS, []);

  function show(next: View): void {
    history.replaceState(null, "", `#${next}`);
    setView(next);
  }

  return (
    <div class="people">
      <header>
        <h1>
          <a href="/">
            <strong>{t("common.product")}</strong>
          </a>
          {t("people.title")}
        </h1>
        <span class="views">
          {VIEWS.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={one === view}
              onClick={() => show(one)}
            >
              {t(`people.view_${one}`)}
            </button>
          ))}
        </span>
        <Help screen="people" />
        <ThemeSwitch />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      <main>
        {view === "accounts" && <Accounts me={session.account} timezone={session.timezone} />}
        {view === "keys" && <Keys timezone={session.timezone} />}
        {view === "audit" && site.answer && <Audit site={site.answer} />}
        {view === "personal" && site.answer && <Personal site={site.answer} />}
        {(view === "audit" || view === "personal") && !site.answer && site.wrong !== null && (
          <p class="refusal" role="alert">
            {problem(site.wrong)}
          </p>
        )}
      </main>
    </div>
  );
}
