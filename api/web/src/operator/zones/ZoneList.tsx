import { nameOf, t } from "../../language";
import { counted } from "../../time";
import { ROLE_COLOUR } from "../palette";
import type { DraftStore } from "./store";

/** All zones of the draft, for those who choose by keyboard too. */
export function ZoneList({ store, onShow }: { store: DraftStore; onShow: (id: string) => void }) {
  const { changed, inside } = store.draft.value;
  return (
    <section>
      <h3>{t("zone_editor.zones")}</h3>
      <ul class="zones-list">
        {store.features.value.map(({ properties: { id, name, role } }) => (
          <li key={id}>
            <button type="button" data-zone={id} onClick={() => onShow(id)}>
              <i style={{ background: ROLE_COLOUR[role] }} />
              <span>{nameOf(name) || id}</span>
              {changed.includes(id) && <em>{t("zone_editor.changed_mark")}</em>}
              <small>{counted("zone_editor.trucks", inside[id] ?? 0)}</small>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
