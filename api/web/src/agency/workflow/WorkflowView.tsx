import { useState } from "preact/hooks";
import { t } from "../../language";
import { who } from "../../operator/colleagues";
import { siteMoment } from "../../parts/account/moments";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { wholeNumber } from "../../time";
import type { Session, Site } from "../../types";
import { learnWorkflow, workflow } from "../names";
import { getVersion, listVersions } from "./api";
import { Editor } from "./Editor";
import { Handovers } from "./Handovers";
import { StagePicture } from "./StagePicture";

const AGAIN_MS = 15_000;

interface Props {
  session: Session;
  site: Site;
}

/** How trucks pass: the versions of the rules, a new one, and by which variant gates hand over. */
export function WorkflowView({ session, site }: Props) {
  const { answer, wrong, again } = useAsked(listVersions, AGAIN_MS, []);
  const [text, setText] = useState<string | null>(null);
  const [refused, setRefused] = useState<unknown>(null);
  const mayChange = session.role === "administrator";
  const variants = workflow.value?.variants ?? [];

  function edit(version: string): void {
    setRefused(null);
    getVersion(version).then((one) => setText(one.text), setRefused);
  }
  function added(): void {
    setText(null);
    again();
    void learnWorkflow();
  }

  const shown = refused ?? wrong;
  if (text !== null) {
    return (
      <Editor
        text={text}
        timezone={site.timezone}
        onAdded={added}
        onLeave={() => setText(null)}
      />
    );
  }
  return (
    <div class="workflow">
      {shown !== null && (
        <p class="refusal" role="alert">
          {problem(shown)}
        </p>
      )}
      <section>
        <h2>{t("agency.versions")}</h2>
        <table class="versions">
          <thead>
            <tr>
              <th>{t("agency.version")}</th>
              <th>{t("agency.holds_from")}</th>
              <th>{t("agency.loaded_by")}</th>
              <th>{t("agency.running")}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {answer?.map((one) => {
              const inForce = one.version === workflow.value?.version;
              return (
                <tr key={one.version} data-version={one.version}>
                  <td>
                    <b>{one.version}</b>
                    {inForce && <small class="tag good">{t("agency.in_force")}</small>}
                  </td>
                  <td>{siteMoment(one.valid_from, site.timezone)}</td>
                  <td>
                    {who(one.loaded_by)}
                    <small>{siteMoment(one.loaded_at, site.timezone)}</small>
                  </td>
                  <td>{wholeNumber(one.running)}</td>
                  <td>
                    {mayChange && (
                      <button type="button" onClick={() => edit(one.version)}>
                        {t("agency.new_from")}
                      </button>
                    )}
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        <p class="quiet">{t("agency.running_hint")}</p>
      </section>
      <Handovers session={session} site={site} />
      <section>
        <h2>{t("agency.picture")}</h2>
        <StagePicture variants={variants} />
      </section>
    </div>
  );
}
