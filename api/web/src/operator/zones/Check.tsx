import { find, nameOf, t } from "../../language";
import { instant, moment, wholeNumber } from "../../time";
import { who } from "../colleagues";
import type { Fault } from "./api";
import type { DraftStore } from "./store";

interface Props {
  store: DraftStore;
  timezone: string;
  onShow: (zone: string) => void;
  onCarryOver: () => void;
}

export function zoneName(store: DraftStore, id: string | null): string {
  const zone = store.find(id);
  return zone ? nameOf(zone.properties.name) || zone.properties.id : (id ?? t("zone_editor.whole_site"));
}

/** What is wrong with the draft as it is now, and what it changes. */
export function Check({ store, timezone, onShow, onCarryOver }: Props) {
  const { faults, changed, overtaken } = store.draft.value;
  const n = changed.length;
  return (
    <section class="zones-check" aria-live="polite">
      <h3>{t("zone_editor.check")}</h3>
      {overtaken && (
        <div class="warned">
          {t("zone_editor.overtaken", {
            who: overtaken.by ? who(overtaken.by) : t("zone_editor.from_files"),
            time: moment(instant(overtaken.made_at), new Date(0), timezone),
            why: overtaken.why,
          })}{" "}
          <button type="button" onClick={onCarryOver}>
            {t("zone_editor.carry_over")}
          </button>
        </div>
      )}
      {store.unsaved.value ? (
        <p class="quiet">{t("zone_editor.saving")}</p>
      ) : (
        <p class={faults.length === 0 ? "sound" : "unsound"}>
          {faults.length === 0
            ? t("zone_editor.sound")
            : t("zone_editor.faults", { n: wholeNumber(faults.length) })}
        </p>
      )}
      <p class="quiet">
        {n === 0 ? t("zone_editor.unchanged") : t("zone_editor.changes", { n: wholeNumber(n) })}
      </p>
      <ul>
        {faults.map((fault) => (
          <li key={`${fault.zone} ${fault.text}`} data-fault={fault.field ?? ""}>
            <Said fault={fault} store={store} onShow={onShow} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Said({ fault, store, onShow }: { fault: Fault; store: DraftStore; onShow: Props["onShow"] }) {
  const { zone } = fault;
  const name = zoneName(store, zone);
  return (
    <>
      {zone !== null && store.find(zone) ? (
        <button type="button" class="link" onClick={() => onShow(zone)}>
          {name}
        </button>
      ) : (
        <b>{name}</b>
      )}{" "}
      {words(fault, store)}
    </>
  );
}

/** The fault in the reader's language; a rare one as the server says it. */
function words({ kind, field, values, text }: Fault, store: DraftStore): string {
  const known = kind === null ? null : find(`zone_fault.${kind}`);
  if (known === null) return text;
  const label = field === null ? null : find(`zone_fault.field_${field}`);
  const said = known.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? "";
    if (name === "role") return find(`zone.${value}`) ?? value;
    return name === "zone" ? zoneName(store, value) : value;
  });
  return label ? `${label}: ${said}` : said;
}
