import { useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { SureButton } from "../../parts/SureButton";
import { useAsked } from "../../parts/useAsked";
import { instant, moment } from "../../time";
import type { Session, Site } from "../../types";
import { who } from "../colleagues";
import { getVersion, listDrafts, listVersions, takeBack, type Version } from "./api";
import { saveFile } from "../../parts/saveFile";

const ASK_AGAIN_MS = 5_000;

interface Props {
  site: Site;
  session: Session;
  /** With a version its zones are brought back. */
  onOpen: (version?: number) => void;
  onClose: () => void;
}

/** Who draws now, and what was published by whom, why and from when on. */
export function Overview({ site, session, onOpen, onClose }: Props) {
  const versions = useAsked(listVersions, ASK_AGAIN_MS, []);
  const drafts = useAsked(listDrafts, ASK_AGAIN_MS, []);
  const [wrong, setWrong] = useState<unknown>(null);
  const mine = drafts.answer?.some((one) => one.by === session.account) ?? false;
  const others = drafts.answer?.filter((one) => one.by !== session.account) ?? [];
  const at = (iso: string): string => moment(instant(iso), new Date(0), site.timezone);
  const failed = wrong ?? versions.wrong ?? drafts.wrong;

  return (
    <>
      <header>
        <h2>{t("zone_editor.title")}</h2>
        <button type="button" class="main" onClick={() => onOpen()}>
          {t(mine ? "zone_editor.go_on" : "zone_editor.begin")}
        </button>
        <button type="button" onClick={onClose}>
          {t("zone_editor.close")}
        </button>
      </header>
      {failed !== null && (
        <p class="refusal" role="alert">
          {problem(failed)}
        </p>
      )}
      {!failed && (!versions.answer || !drafts.answer) && (
        <p class="quiet" role="status">
          {t("common.loading")}
        </p>
      )}
      {others.map((one) => (
        <p key={one.id} class="warned">
          {t("zone_editor.drawing", { who: who(one.by), time: at(one.changed_at) })}
        </p>
      ))}
      {drafts.answer?.length === 0 && <p class="quiet">{t("zone_editor.nobody")}</p>}
      <h3>{t("zone_editor.versions")}</h3>
      <ol class="versions">
        {versions.answer?.map((one) => (
          <Line
            key={one.id}
            version={one}
            at={at}
            onBringBack={() => onOpen(one.id)}
            onTakeBack={() => takeBack(one.id).then(versions.again, setWrong)}
            onExport={() =>
              getVersion(one.id).then((zones) => saveFile(`zones-${one.id}.geojson`, zones), setWrong)
            }
          />
        ))}
      </ol>
    </>
  );
}

interface LineProps {
  version: Version;
  at: (iso: string) => string;
  onBringBack: () => void;
  onTakeBack: () => void;
  onExport: () => void;
}

function Line({ version, at, onBringBack, onTakeBack, onExport }: LineProps) {
  const by = version.by ? who(version.by) : t("zone_editor.from_files");
  return (
    <li data-version={version.id} class={version.state}>
      <b>{t("zone_editor.holds_from", { time: at(version.starts_at) })}</b>
      <span class="state">{t(`zone_editor.state_${version.state}`)}</span>
      <span>
        {t("zone_editor.by", { who: by, time: at(version.made_at) })}
        {version.why && `: ${version.why}`}
      </span>
      <span class="buttons">
        {version.state === "past" && (
          <button type="button" onClick={onBringBack}>
            {t("zone_editor.bring_back")}
          </button>
        )}
        {version.state === "ahead" && (
          <SureButton
            name={t("zone_editor.take_back")}
            sure={t("zone_editor.take_back_sure")}
            onSure={onTakeBack}
          />
        )}
        <button type="button" onClick={onExport}>
          {t("zone_editor.export")}
        </button>
      </span>
    </li>
  );
}
