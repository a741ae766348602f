import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { newKey } from "../../request";
import type { Session, Site } from "../../types";
import { beginDraft, type Draft, getDraft, listDrafts } from "./api";
import { Editor } from "./Editor";
import { Overview } from "./Overview";
import "./zones.css";

interface Props {
  site: Site;
  session: Session;
  onClose: () => void;
}

/** The zones, drawn and changed: who draws, what was published, or one's own draft. */
export function ZonesView({ site, session, onClose }: Props) {
  const [draft, setDraft] = useState<Draft | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [opening, setOpening] = useState(false);
  const may = session.permissions.includes("zones");

  /** Begin to draw, or go on: everybody has one draft at a time. */
  const key = useRef(newKey());
  function open(version?: number): void {
    setWrong(null);
    setSaid(null);
    setOpening(true);
    listDrafts()
      .then((all) => all.find((one) => one.by === session.account))
      .then((mine) =>
        mine && version === undefined ? getDraft(mine.id) : beginDraft(key.current, version),
      )
      .then(setDraft, setWrong)
      .finally(() => {
        key.current = newKey();
        setOpening(false);
      });
  }
  useEffect(() => {
    if (!may) return;
    listDrafts().then((all) => {
      if (all.some((one) => one.by === session.account)) open();
    }, setWrong);
  }, []);

  if (!may) {
    return (
      <section class="zones" aria-label={t("zone_editor.title")}>
        <p class="refusal">{t("zone_editor.not_yours")}</p>
      </section>
    );
  }
  return (
    <section class="zones" aria-label={t("zone_editor.title")}>
      {draft ? (
        <Editor
          key={draft.id}
          draft={draft}
          site={site}
          onClose={onClose}
          onDone={(words) => {
            setDraft(null);
            setSaid(words);
          }}
        />
      ) : (
        <div class="zones-overview">
          {wrong !== null && (
            <p class="refusal" role="alert">
              {problem(wrong)}
            </p>
          )}
          {opening && (
            <p class="computing" role="status">
              <progress /> {t("common.loading")}
            </p>
          )}
          {said !== null && (
            <p class="done" role="status">
              {said}
            </p>
          )}
          <Overview site={site} session={session} onOpen={open} onClose={onClose} />
        </div>
      )}
    </section>
  );
}
