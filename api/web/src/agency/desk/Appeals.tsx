import { useState } from "preact/hooks";
import { find, t } from "../../language";
import { who } from "../../operator/colleagues";
import { siteMoment } from "../../parts/account/moments";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { useSending } from "../../people/useSending";
import type { Session, Site } from "../../types";
import { open } from "../views";
import { type Appeal, decideAppeal, listAppeals } from "./api";

const AGAIN_MS = 10_000;
const STATES = ["open", "granted", "refused"] as const;
const MAY: readonly Session["role"][] = ["operator", "administrator"];

/** What hauliers say against what was held against them, and what was answered. */
export function Appeals({ session, site }: { session: Session; site: Site }) {
  const [state, setState] = useState<(typeof STATES)[number]>("open");
  const { answer, wrong, again } = useAsked(() => listAppeals(state), AGAIN_MS, [state]);
  return (
    <section class="sheet">
      <h2>{t("agency.view_appeals")}</h2>
      <span class="views">
        {STATES.map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === state}
            onClick={() => setState(one)}
          >
            {t(`agency.appeals_${one}`)}
          </button>
        ))}
      </span>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {answer?.length === 0 && <p class="nothing">{t("agency.no_appeals")}</p>}
      <ul class="appeals">
        {answer?.map((one) => (
          <li key={one.id} data-appeal={one.id}>
            <p>
              <b>{one.haulier}</b> · {aboutWords(one.about)}
              {one.trip !== null && (
                <button type="button" class="link" onClick={() => open(one.trip ?? 0)}>
                  {one.plate ?? t("agency.its_trip")}
                </button>
              )}
              <small>{siteMoment(one.made_at, site.timezone)}</small>
            </p>
            <blockquote>{one.words}</blockquote>
            {one.state === "open" && MAY.includes(session.role) && (
              <Decide appeal={one} onDone={again} />
            )}
            {one.decided_by !== null && (
              <p>
                <b>{t(one.state === "granted" ? "agency.appeal_granted" : "agency.appeal_refused")}</b>{" "}
                {who(one.decided_by)} · {one.answer}
              </p>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "ban:29C12345" in words; what comes after the colon is what it is about. */
function aboutWords(about: string): string {
  const [kind = "", of = ""] = about.split(":");
  return `${find(`agency.about_${kind}`) ?? kind} ${of}`.trim();
}

function Decide({ appeal, onDone }: { appeal: Appeal; onDone: () => void }) {
  const [words, setWords] = useState("");
  const { wrong, busy, send } = useSending();
  const decide = (granted: boolean): void =>
    void send(async () => {
      await decideAppeal(appeal.id, granted, words.trim());
      onDone();
    });
  return (
    <div class="decide">
      <input
        name="answer"
        maxLength={500}
        value={words}
        placeholder={t("agency.answer")}
        aria-label={t("agency.answer")}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
      <button
        type="button"
        class="main"
        disabled={busy || words.trim() === ""}
        onClick={() => decide(true)}
      >
        {t("agency.grant")}
      </button>
      <button
        type="button"
        disabled={busy || words.trim() === ""}
        onClick={() => decide(false)}
      >
        {t("agency.turn_down")}
      </button>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
    </div>
  );
}
