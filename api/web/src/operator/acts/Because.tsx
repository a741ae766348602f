import { find, t } from "../../language";

export interface Cause {
  reason: string;
  note: string;
}

export const NO_CAUSE: Cause = { reason: "", note: "" };

export const reasonName = (code: string): string => find(`act_reason.${code}`) ?? code;

interface Props {
  codes: readonly string[];
  cause: Cause;
  /** Whether a note may be added; the ledger holds codes only. */
  noted: boolean;
  onCause: (cause: Cause) => void;
}

/** Why: a code of the list, and a note for colleagues. */
export function Because({ codes, cause, noted, onCause }: Props) {
  const needed = cause.reason === "other";
  return (
    <>
      <label>
        {t("act.reason")}
        <select
          name="reason"
          required
          value={cause.reason}
          onChange={(event) => onCause({ ...cause, reason: event.currentTarget.value })}
        >
          <option value="" disabled>
            {t("act.choose")}
          </option>
          {codes.map((code) => (
            <option key={code} value={code}>
              {reasonName(code)}
            </option>
          ))}
        </select>
      </label>
      {noted && (
        <label>
          {t("act.note")}
          <input
            name="note"
            maxLength={200}
            autocomplete="off"
            required={needed}
            placeholder={t(needed ? "act.note_needed" : "act.note_hint")}
            value={cause.note}
            onInput={(event) => onCause({ ...cause, note: event.currentTarget.value })}
          />
        </label>
      )}
    </>
  );
}
