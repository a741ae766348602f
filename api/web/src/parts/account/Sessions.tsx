import { t } from "../../language";
import { problem } from "../problem";
import { SureButton } from "../SureButton";
import { useAsked } from "../useAsked";
import * as api from "./api";
import { browserName, siteMoment } from "./moments";

const AGAIN_MS = 30_000;

/** Where one's account is open, with a way to end each. */
export function Sessions({ timezone }: { timezone: string }) {
  const { answer, wrong, again } = useAsked(api.listSessions, AGAIN_MS, []);
  const others = answer?.filter((one) => !one.current) ?? [];
  return (
    <>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      <ul class="sessions">
        {answer?.map((one) => (
          <li key={one.id}>
            <span>
              <b>{one.address ?? t("account.address_here")}</b> {browserName(one.browser)}
              <small>
                {t("account.since", { at: siteMoment(one.made_at, timezone) })},{" "}
                {one.current
                  ? t("account.this_session")
                  : t("account.seen", { at: siteMoment(one.seen_at, timezone) })}
                {one.by_other && `, ${t("account.by_other")}`}
              </small>
            </span>
            {!one.current && (
              <SureButton
                name={t("account.end")}
                sure={t("account.end_sure")}
                onSure={() => void api.endSession(one.id).then(again, again)}
              />
            )}
          </li>
        ))}
      </ul>
      {others.length > 1 && (
        <SureButton
          name={t("account.end_others")}
          sure={t("account.end_others_sure")}
          onSure={() => void api.endOthers().then(again, again)}
        />
      )}
    </>
  );
}
