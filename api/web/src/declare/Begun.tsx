import { t } from "../language";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import { dropDraft, dropTemplate, listDrafts, listTemplates } from "./api";
import { newDraft, type Place } from "./Declare";
import { since } from "./names";

const AGAIN_MS = 60_000;

/** What was begun and not sent, and the templates to begin with. */
export function Begun({ place }: { place: Place }) {
  const drafts = useAsked(listDrafts, AGAIN_MS, []);
  const templates = useAsked(listTemplates, AGAIN_MS, []);
  const wrong = drafts.wrong ?? templates.wrong;
  return (
    <>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {drafts.answer && drafts.answer.length > 0 && (
        <section class="begun" aria-label={t("declare.drafts")}>
          <h2>{t("declare.drafts")}</h2>
          <ul>
            {drafts.answer.map((draft) => (
              <li key={draft.id}>
                <a href={`#draft/${draft.id}`}>
                  {String(draft.form["plate"] || t("declare.no_plate_yet"))}
                </a>{" "}
                <small>{since(draft.changed_at, place.now())}</small>
                <SureButton
                  name={t("declare.drop")}
                  sure={t("declare.drop_sure")}
                  onSure={() => void dropDraft(draft.id).then(drafts.again, drafts.again)}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
      {templates.answer && templates.answer.length > 0 && (
        <section class="begun" aria-label={t("declare.templates")}>
          <h2>{t("declare.templates")}</h2>
          <ul>
            {templates.answer.map(({ name, customer }) => (
              <li key={name}>
                <button type="button" onClick={() => place.go(newDraft({ template: name }))}>
                  {name}
                </button>{" "}
                {customer && <small>{customer}</small>}
                <SureButton
                  name={t("declare.drop")}
                  sure={t("declare.drop_sure")}
                  onSure={() => void dropTemplate(name).then(templates.again, templates.again)}
                />
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
