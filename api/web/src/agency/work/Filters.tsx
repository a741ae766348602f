import type { Ref } from "preact";
import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { goodsName } from "../../parts/names";
import type { Site } from "../../types";
import type { Wish } from "../api";
import { deskName, workflow } from "../names";
import { DESKS } from "../types";

const STATES = ["ready", "asked", "refused", "expired", "waiting"] as const;
const DIRECTIONS = ["export", "import"] as const;

interface Props {
  wish: Wish;
  site: Site;
  /** Whether somebody looks at all desks, having none of their own. */
  choosesDesk: boolean;
  search: Ref<HTMLInputElement>;
  onWish: (change: Partial<Wish>) => void;
  /** Of the trucks on this page: the server narrows by everything else. */
  goods: string | null;
  onGoods: (goods: string | null) => void;
}

/** Ways to see less of a work list. */
export function Filters(props: Props) {
  const { wish, site, choosesDesk, search, onWish, goods, onGoods } = props;
  const chosen = (event: Event): string | null =>
    (event.currentTarget as HTMLSelectElement).value || null;
  const classes = workflow.value?.goods_classes ?? [];
  const [open, setOpen] = useState(false);
  const narrowed = [wish.gate, wish.direction, goods, wish.state].filter(Boolean).length;
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <input
        ref={search}
        type="search"
        name="q"
        value={wish.q}
        placeholder={t("agency.search")}
        aria-label={t("agency.search")}
        onInput={(event) => onWish({ q: event.currentTarget.value.trim() })}
      />
      {/* Shown on narrow screens alone, where the choices are folded away behind it. */}
      <button
        type="button"
        class="unfold"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {t("agency.filters")}
        {narrowed > 0 && <b> {narrowed}</b>}
      </button>
      <span class={open ? "choices open" : "choices"}>
        {choosesDesk && (
          <select
            name="desk"
            aria-label={t("agency.desk")}
            value={wish.desk ?? ""}
            onChange={(event) =>
              onWish({ desk: chosen(event) as Wish["desk"], stage: null })
            }
          >
            {DESKS.map((one) => (
              <option key={one} value={one}>
                {deskName(one)}
              </option>
            ))}
          </select>
        )}
        <select
          name="gate"
          aria-label={t("agency.gate")}
          value={wish.gate ?? ""}
          onChange={(event) => onWish({ gate: chosen(event) })}
        >
          <option value="">{t("agency.all_gates")}</option>
          {site.gates.map(({ id, name }) => (
            <option key={id} value={id}>
              {nameOf(name)}
            </option>
          ))}
        </select>
        <select
          name="direction"
          aria-label={t("agency.direction")}
          value={wish.direction ?? ""}
          onChange={(event) => onWish({ direction: chosen(event) })}
        >
          <option value="">{t("agency.all_directions")}</option>
          {DIRECTIONS.map((one) => (
            <option key={one} value={one}>
              {t(`direction.${one}`)}
            </option>
          ))}
        </select>
        {classes.length > 0 && (
          <select
            name="goods"
            aria-label={t("refusal_field.goods_class")}
            value={goods ?? ""}
            onChange={(event) => onGoods(chosen(event))}
          >
            <option value="">{t("agency.all_goods")}</option>
            {classes.map(({ id }) => (
              <option key={id} value={id}>
                {goodsName(id)}
              </option>
            ))}
          </select>
        )}
        <select
          name="state"
          aria-label={t("agency.state")}
          value={wish.state ?? ""}
          onChange={(event) => onWish({ state: chosen(event) })}
        >
          <option value="">{t("agency.all_states")}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {t(`agency.state_${one}`)}
            </option>
          ))}
        </select>
      </span>
    </form>
  );
}
