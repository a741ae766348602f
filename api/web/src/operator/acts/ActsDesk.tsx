import { useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { type Asked, useAsked } from "../../parts/useAsked";
import { clockTime, instant, wholeNumber } from "../../time";
import type { Session, Site } from "../../types";
import { who } from "../colleagues";
import { DrawerHead } from "../DrawerHead";
import { ActRow } from "./ActRow";
import type { ActRecord } from "./acts";
import { listActs, listLatestWords, listTexts } from "./api";
import { HandRow } from "./HandRow";
import { heard } from "./heard";
import { TextForm } from "./TextForm";
import { WalkInForm } from "./WalkInForm";

const ASK_AGAIN_MS = 10_000;
const MOST = 30;

interface Props {
  site: Site;
  session: Session;
  onShow: (trip: number) => void;
  onClose: () => void;
}

/** What waits for a second person, what stands, what was done lately; walk-ins and texts. */
export function ActsDesk({ site, session, onShow, onClose }: Props) {
  const [form, setForm] = useState<"walk-in" | "text" | null>(null);
  const mark = heard.value?.acts;
  const may = session.permissions.includes("acts");
  const waiting = useAsked(() => listActs("waiting"), ASK_AGAIN_MS, [], mark);
  const standing = useAsked(() => listActs("standing"), ASK_AGAIN_MS, [], mark);
  const done = useAsked(() => listActs("done", MOST), ASK_AGAIN_MS, [], mark);
  const words = useAsked(() => listLatestWords(MOST), ASK_AGAIN_MS, [], mark);
  const wrong = waiting.wrong ?? standing.wrong ?? done.wrong ?? words.wrong;
  const again = (): void => {
    for (const one of [waiting, standing, done, words]) one.again();
  };
  const leave = (): void => setForm(null);
  const rows = { site, session, onShow, onDone: again };
  return (
    <aside class="drawer alerts acts-desk" aria-label={t("operator.desk_acts")}>
      <DrawerHead title={t("operator.desk_acts")} onClose={onClose} />
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {may && (
        <p class="buttons">
          <button type="button" data-form="walk-in" onClick={() => setForm("walk-in")}>
            {t("act.walk_in")}…
          </button>
          <button type="button" data-form="text" onClick={() => setForm("text")}>
            {t("act.write")}…
          </button>
        </p>
      )}
      <Section name={t("act.waiting")} none={t("act.waiting_none")} acts={waiting} {...rows} />
      <Section name={t("act.standing")} none={t("act.standing_none")} acts={standing} {...rows} />
      <h3>{t("act.moved_by_hand")}</h3>
      {words.answer?.length === 0 && <p class="quiet">{t("act.moved_none")}</p>}
      <ul class="act-rows">
        {words.answer?.map((word) => (
          <HandRow key={word.id} word={word} {...rows} />
        ))}
      </ul>
      <Section name={t("act.lately")} none={t("act.lately_none")} acts={done} {...rows} />
      {may && <Texts site={site} mark={mark} />}
      {form === "walk-in" && <WalkInForm {...{ site, onShow }} onLeave={leave} onDone={again} />}
      {form === "text" && <TextForm site={site} trip={null} onLeave={leave} />}
    </aside>
  );
}

interface SectionProps {
  name: string;
  none: string;
  acts: Asked<ActRecord[]>;
  site: Site;
  session: Session;
  onShow: (trip: number) => void;
  onDone: () => void;
}

function Section({ name, none, acts, ...rows }: SectionProps) {
  const list = acts.answer;
  return (
    <>
      <h3>{name}</h3>
      {list?.length === 0 && <p class="quiet">{none}</p>}
      <ul class="act-rows">
        {list?.map((act) => (
          <ActRow key={act.id} act={act} {...rows} />
        ))}
      </ul>
    </>
  );
}

/** What was written to drivers lately, and how far it has gone. */
function Texts({ site, mark }: { site: Site; mark: string | undefined }) {
  const texts = useAsked(listTexts, ASK_AGAIN_MS, [], mark);
  if (!texts.answer || texts.answer.length === 0) return null;
  return (
    <>
      <h3>{t("act.written_lately")}</h3>
      <ul class="act-rows">
        {texts.answer.map((one) => (
          <li key={one.id} data-text={one.id}>
            <p class="written">{one.text}</p>
            <p class="quiet">
              {t("act.by", {
                by: who(one.written_by),
                time: clockTime(instant(one.written_at), site.timezone),
              })}{" "}
              ·{" "}
              {t("act.written_state", {
                sent: wholeNumber(one.sent),
                n: wholeNumber(one.messages),
              })}
            </p>
          </li>
        ))}
      </ul>
    </>
  );
}
