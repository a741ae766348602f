import { t } from "../../language";
import { counted } from "../../time";
import type { Act, WorkRow } from "../types";
import type { Picking } from "./picking";

interface Props {
  picking: Picking;
  busy: boolean;
  onAct: (act: Act, rows: readonly WorkRow[]) => void;
}

const ACTS = [
  ["confirmed", "c", "main"],
  ["refused", "r", ""],
  ["asked", "a", ""],
] as const;

/** What can be done with the rows that are meant; each button names its key. */
export function Bar({ picking, busy, onAct }: Props) {
  const { meant, selected } = picking;
  const [only] = meant;
  const whom =
    selected.size > 0 ? counted("agency.n_selected", selected.size) : (only?.plate ?? "");
  return (
    <p class="bar">
      <span class="whom">{whom}</span>
      {ACTS.map(([act, key, look]) => (
        <button
          type="button"
          key={act}
          class={look}
          data-act={act}
          disabled={busy || meant.length === 0}
          onClick={() => onAct(act, meant)}
        >
          {t(`agency.do_${act}`)} <kbd>{key}</kbd>
        </button>
      ))}
      {selected.size > 0 && (
        <button type="button" onClick={() => picking.selectAll(false)}>
          {t("agency.select_none")}
        </button>
      )}
      <span class="hint">{t("agency.keys")}</span>
    </p>
  );
}
