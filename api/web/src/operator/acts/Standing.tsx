import { t } from "../../language";
import { SureButton } from "../../parts/SureButton";
import { instant, moment } from "../../time";
import type { Site } from "../../types";
import { who } from "../colleagues";
import { actWords } from "./act_words";
import type { ActRecord } from "./acts";
import { heard } from "./heard";
import { isHold } from "./holds";

interface Props {
  act: ActRecord;
  site: Site;
  /** Null for those who may not. */
  onEnd: (() => void) | null;
}

/** An act in force: what it is and why, who said so and when, until when, and the way to end it. */
export function Standing({ act, site, onEnd }: Props) {
  const at = instant(act.at);
  const time = moment(at, heard.value?.now ?? at, site.timezone);
  const endless = isHold(act) && act.params.ends_at === undefined;
  return (
    <div class="in-force" data-standing={act.kind}>
      <p>
        <b>{t(isHold(act) ? "state.held" : `act.${act.kind}`)}</b>{" "}
        {endless && `${t("act.until_ended")} · `}
        {actWords(act, site)}
        <span class="quiet">{t("act.by", { by: who(act.by), time })}</span>
      </p>
      {onEnd && <SureButton name={t("act.end")} sure={t("act.end_sure")} onSure={onEnd} />}
    </div>
  );
}
