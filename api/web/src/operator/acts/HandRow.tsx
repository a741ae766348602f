import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { SureButton } from "../../parts/SureButton";
import { clockTime, instant } from "../../time";
import type { Session, Site } from "../../types";
import { who } from "../colleagues";
import { type HandWord, UNDO_MS } from "./acts";
import { secondWord, undoWord } from "./api";
import { reasonName } from "./Because";
import { heard } from "./heard";

interface Props {
  word: HandWord;
  site: Site;
  session: Session;
  onDone: () => void;
  onShow?: (trip: number) => void;
}

/** What was said of a truck by hand, and what became of it. */
export function HandRow({ word, site, session, onDone, onShow }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const time = (iso: string): string => clockTime(instant(iso), site.timezone);
  const yard = site.yards.find(({ id }) => id === word.yard);
  const may = session.permissions.includes("acts");
  const now = heard.value?.now.getTime() ?? 0;
  const stands = word.undone_at === null && !word.is_false;
  const late = instant(word.counts_at) > instant(word.at);
  const change = (asked: Promise<unknown>): void => {
    asked.then(() => setWrong(null), setWrong).finally(onDone);
  };
  return (
    <li data-word={word.id} class={stands ? "" : "over"}>
      <p>
        {t(`act.said_${word.what}`, {
          plate: word.plate,
          yard: yard ? nameOf(yard.name) : word.yard,
          time: time(word.at),
        })}
        {late && <b> ({t("act.counts_from", { time: time(word.counts_at) })})</b>}
      </p>
      <p class="quiet">
        {reasonName(word.reason)} · {t("act.by", { by: who(word.said_by), time: time(word.said_at) })}
        {word.seconded_by !== null && ` · ${t("act.seconded", { by: who(word.seconded_by) })}`}
      </p>
      {word.undone_at !== null && (
        <p class="quiet">
          {t("act.undone", { by: who(word.undone_by ?? ""), time: time(word.undone_at) })}
        </p>
      )}
      {word.is_false && <p class="warning">{t("act.denied")}</p>}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <p class="buttons">
        {onShow && (
          <button type="button" onClick={() => onShow(word.trip_id)}>
            {t("act.show")}
          </button>
        )}
        {may && stands && late && word.said_by !== session.account && (
          <SureButton
            name={t("act.second", { time: time(word.at) })}
            sure={t("act.second_sure")}
            onSure={() => change(secondWord(word.id))}
          />
        )}
        {may && stands && now - instant(word.said_at).getTime() < UNDO_MS && (
          <SureButton
            name={t("act.undo")}
            sure={t("act.undo_sure")}
            onSure={() => change(undoWord(word.id))}
          />
        )}
      </p>
    </li>
  );
}
