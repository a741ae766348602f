import { nameOf, t } from "../../language";
import { SureButton } from "../../parts/SureButton";
import { counted, wholeNumber } from "../../time";
import type { Site, ZoneRole } from "../../types";
import type { Drawn, DrawnProperties } from "./api";
import { Corners } from "./Corners";
import { MovePad } from "./MovePad";
import { area, corners } from "./shapes";
import type { DraftStore } from "./store";

const ROLES: readonly ZoneRole[] = ["approach", "yard", "queue", "lane", "beyond"];
const NAMES = ["vi", "zh", "en"] as const;
const LONGEST_NAME = 80;

interface Props {
  store: DraftStore;
  site: Site;
  onSplit: (line: GeoJSON.LineString) => void;
}

/** What is said of the chosen zone, and its outline for those who do not pull at it. */
export function ZoneForm({ store, site, onSplit }: Props) {
  const zone = store.zone.value;
  if (!zone) return null;
  const { id, name } = zone.properties;
  return (
    <section class="zone-form" data-form={id}>
      <header>
        <h3>{nameOf(name) || id}</h3>
        <button type="button" onClick={() => (store.selected.value = null)}>
          {t("zone_editor.zones")}
        </button>
      </header>
      <p class="quiet">
        {t("zone_editor.size", {
          area: wholeNumber(Math.round(area(zone.geometry))),
          n: wholeNumber(corners(zone.geometry).length - 1),
        })}{" "}
        · {counted("zone_editor.trucks", store.draft.value.inside[id] ?? 0)}
      </p>
      <Fields zone={zone} store={store} site={site} />
      <MovePad zone={zone} store={store} />
      <Corners key={id} zone={zone} store={store} onSplit={onSplit} />
      <SureButton
        name={t("zone_editor.delete")}
        sure={t("zone_editor.delete_sure")}
        onSure={() => store.remove(id)}
      />
    </section>
  );
}

function Fields({ zone, store, site }: { zone: Drawn; store: DraftStore; site: Site }) {
  const { id, name, role, gate, capacity, leaves_as } = zone.properties;
  const give = (properties: Partial<DrawnProperties>): void => store.give(id, properties);
  const fresh = store.isNew(id);
  return (
    <div class="fields">
      {fresh && (
        <label>
          {t("zone_editor.id")}
          <input
            name="id"
            value={id}
            maxLength={40}
            onChange={(event) => store.rename(id, event.currentTarget.value.trim())}
          />
        </label>
      )}
      {NAMES.map((one) => (
        <label key={one}>
          {t(`zone_editor.name_${one}`)}
          <input
            name={`name_${one}`}
            lang={one}
            value={name[one] ?? ""}
            maxLength={LONGEST_NAME}
            onChange={(event) => give({ name: { ...name, [one]: event.currentTarget.value.trim() } })}
          />
        </label>
      ))}
      <label>
        {t("zone_editor.role")}
        <select
          name="role"
          value={role}
          onChange={(event) => give({ role: event.currentTarget.value as ZoneRole })}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(`zone.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("zone_editor.gate")}
        <select
          name="gate"
          value={gate ?? ""}
          onChange={(event) => give({ gate: event.currentTarget.value || null })}
        >
          <option value="">{t("zone_editor.no_gate")}</option>
          {site.gates.map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one.name)}
            </option>
          ))}
        </select>
      </label>
      {role === "yard" && (
        <label>
          {t("zone_editor.capacity")}
          <input
            name="capacity"
            inputMode="numeric"
            value={capacity ?? ""}
            onInput={(event) => give({ capacity: typedNumber(event.currentTarget.value) })}
          />
        </label>
      )}
      {role === "yard" && fresh && (
        <label>
          {t("zone_editor.leaves_as")}
          <select
            name="leaves_as"
            value={leaves_as ?? ""}
            onChange={(event) => give({ leaves_as: event.currentTarget.value })}
          >
            <option value="" />
            {site.yards.map((one) => (
              <option key={one.id} value={one.id}>
                {nameOf(one.name)}
              </option>
            ))}
          </select>
        </label>
      )}
      <p class="quiet">{t("zone_editor.buffers", site.buffers)}</p>
    </div>
  );
}

/** What was typed as a number where it is one; the server says what is wrong with the rest. */
function typedNumber(text: string): number | string | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const n = Number(trimmed);
  return Number.isFinite(n) ? n : trimmed;
}
