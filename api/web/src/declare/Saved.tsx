import { t } from "../language";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { clockTime, instant } from "../time";
import type { Place } from "./Declare";
import type { Saving } from "./useDraft";

interface Props {
  saving: Saving;
  place: Place;
  onNewer: () => void;
}

/** Where what was typed is: on the server, on its way, here only, or overtaken. */
export function Saved({ saving, place, onNewer }: Props) {
  const { standing, savedAt, wrong, insist } = saving;
  if (standing === "newer") {
    return (
      <div class="warning newer" role="alert">
        <p>{t("declare.draft_newer")}</p>
        <span class="buttons">
          <button type="button" onClick={onNewer}>
            {t("declare.draft_take")}
          </button>
          <SureButton
            name={t("declare.draft_keep")}
            sure={t("declare.draft_keep_sure")}
            onSure={() => void insist()}
          />
        </span>
      </div>
    );
  }
  return (
    <p class={standing === "kept" || standing === "wrong" ? "saved warning" : "saved"} role="status">
      {standing === "saved" && savedAt !== null
        ? t("declare.saved_at", { time: clockTime(instant(savedAt), place.site.timezone) })
        : t(`declare.draft_${standing === "saved" ? "is_saved" : standing}`)}
      {standing === "wrong" && <small>{problem(wrong)}</small>}
    </p>
  );
}
