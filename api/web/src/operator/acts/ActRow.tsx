import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { find, t } from "../../language";
import { problem } from "../../parts/problem";
import { SureButton } from "../../parts/SureButton";
import { instant, moment, wholeNumber } from "../../time";
import type { Session, Site } from "../../types";
import { who } from "../colleagues";
import { actWords } from "./act_words";
import type { ActRecord } from "./acts";
import { approveAct, endAct, refuseAct } from "./api";
import { heard } from "./heard";

interface Props {
  act: ActRecord;
  site: Site;
  session: Session;
  onShow: (trip: number) => void;
  onDone: () => void;
}

/** An act with what may be done about it; what another was quicker to do is told as it was. */
export function ActRow({ act, site, session, onShow, onDone }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const may = session.permissions.includes("acts");
  const time = (iso: string): string => {
    const at = instant(iso);
    return moment(at, heard.value?.now ?? at, site.timezone);
  };
  const change = (asked: Promise<unknown>): void => {
    asked.then(() => setWrong(null), setWrong).finally(onDone);
  };
  const { trip_id: trip, effect } = act;
  return (
    <li data-act-row={act.id} data-kind={act.kind} class={act.state}>
      <p>
        <b>{t(`act.${act.kind}`)}</b> {act.plate && <b class="plate">{act.plate}</b>}{" "}
        <span class={`pill ${act.state}`}>{t(`act.state_${act.state}`)}</span>
      </p>
      <p>{actWords(act, site)}</p>
      {act.state === "waiting" && effect && (
        <p>
          {effect.overtaken > 0 && t("act.overtaken", { n: wholeNumber(effect.overtaken) })}
        </p>
      )}
      <p class="quiet">
        {t("act.by", { by: who(act.by), time: time(act.at) })}
        {act.approved_by !== null && ` · ${t("act.approved_by", { by: who(act.approved_by) })}`}
        {act.ended_at !== null &&
          act.ended_by !== null &&
          ` · ${t("act.ended_by", { by: who(act.ended_by), time: time(act.ended_at) })}`}
        {/* Who ended it without a note has said no more than that. */}
        {act.outcome && act.outcome !== act.state && ` · ${find(`act.outcome_${act.outcome}`) ?? act.outcome}`}
      </p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <p class="buttons">
        {trip !== null && (
          <button type="button" onClick={() => onShow(trip)}>
            {t("act.show")}
          </button>
        )}
        {may && act.state === "waiting" && <Approval {...{ act, session, change }} />}
        {may && act.state === "standing" && (
          <SureButton
            name={t("act.end")}
            sure={t("act.end_sure")}
            onSure={() => change(endAct(act.id))}
          />
        )}
      </p>
    </li>
  );
}

interface ApprovalProps {
  act: ActRecord;
  session: Session;
  change: (asked: Promise<unknown>) => void;
}

/** The second person's word; one's own act is somebody else's to approve. */
function Approval({ act, session, change }: ApprovalProps): ComponentChildren {
  const refuse = (
    <SureButton
      name={t("act.refuse")}
      sure={t("act.refuse_sure")}
      onSure={() => change(refuseAct(act.id))}
    />
  );
  if (act.by === session.account) return <span class="quiet">{t("act.own")}</span>;
  return (
    <>
      <SureButton
        name={t("act.approve")}
        sure={t("act.approve_sure")}
        onSure={() => change(approveAct(act.id))}
      />
      {refuse}
    </>
  );
}
