import { t } from "../../language";
import type { Tool } from "./map";
import type { DraftStore } from "./store";

interface Props {
  store: DraftStore;
  tool: Tool;
  onTool: (tool: Tool) => void;
  onSquare: () => void;
  onZoom: (steps: number) => void;
}

const HINTS = {
  select: "zone_editor.hint_select",
  polygon: "zone_editor.hint_draw",
  linestring: "zone_editor.hint_split",
} as const;

/** What hands can do on the map, and how. */
export function Tools({ store, tool, onTool, onSquare, onZoom }: Props) {
  const { back, forth } = store.steps.value;
  const chosen = store.zone.value !== null;
  const button = (of: Tool, words: string, may = true) => (
    <button
      type="button"
      data-tool={of}
      aria-pressed={tool === of}
      disabled={!may}
      title={may ? words : t("zone_editor.choose_first")}
      onClick={() => onTool(of)}
    >
      {words}
    </button>
  );
  return (
    <div class="zones-tools" role="toolbar" aria-label={t("zone_editor.tools")}>
      <span class="row">
        {button("select", t("zone_editor.select"))}
        {button("polygon", t("zone_editor.draw"))}
        <button type="button" onClick={onSquare}>
          {t("zone_editor.square")}
        </button>
        {button("linestring", t("zone_editor.split"), chosen)}
        <button type="button" disabled={back === 0} title="Ctrl+Z" onClick={() => store.undo()}>
          {t("zone_editor.undo")}
        </button>
        <button type="button" disabled={forth === 0} title="Ctrl+Y" onClick={() => store.redo()}>
          {t("zone_editor.redo")}
        </button>
        <button type="button" aria-label={t("operator.zoom_in")} onClick={() => onZoom(1)}>
          +
        </button>
        <button type="button" aria-label={t("operator.zoom_out")} onClick={() => onZoom(-1)}>
          −
        </button>
      </span>
      <p>
        {t(HINTS[tool])} <i>{t("zone_editor.legend_former")}</i>
      </p>
    </div>
  );
}
