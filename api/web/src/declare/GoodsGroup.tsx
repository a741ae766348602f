import { nameOf, t } from "../language";
import { weightName } from "../parts/names";
import { Choices, More, Pick, Text } from "./Field";
import { useFilling } from "./filling";
import { numberOf, weightClass } from "./form";
import { money } from "./names";

const CARGOES = ["normal", "reefer", "perishable"] as const;
const LOADS = ["laden", "empty"] as const;
const DIRECTIONS = ["export", "import"] as const;

/** What it carries, as customs and quarantine want to know it. */
export function GoodsGroup() {
  const { values, place } = useFilling();
  const { workflow } = place;
  const heavy = weightClass(values, workflow);
  const worth = numberOf(values.value_vnd, true);
  return (
    <section class="group">
      <h2>{t("declare.group_goods")}</h2>
      <div class="fields">
        <Choices
          name="direction"
          options={DIRECTIONS.map((one) => ({ value: one, name: t(`direction.${one}`) }))}
        />
        <Choices
          name="load"
          options={LOADS.map((one) => ({ value: one, name: t(`declare.load_${one}`) }))}
        />
        <Choices
          name="cargo"
          options={CARGOES.map((one) => ({ value: one, name: t(`cargo.${one}`) }))}
        />
        <Pick
          name="goods_class"
          options={(workflow?.goods_classes ?? []).map(({ id, name }) => ({
            value: id,
            name: nameOf(name),
          }))}
        />
        <Text name="goods" />
        <Text
          name="weight_t"
          inputMode="decimal"
          maxLength={10}
          hint={heavy === null ? null : weightName(heavy)}
        />
        <Text name="temperature_c" inputMode="decimal" maxLength={8} />
        <Text name="keeps_h" inputMode="decimal" maxLength={8} />
        <Text name="declaration" maxLength={40} capitals hint={t("declare.hint_declaration")} />
      </div>
      <More names={["goods_code", "value_vnd", "customer"]}>
        <Text name="goods_code" maxLength={20} hint={t("declare.hint_goods_code")} />
        <Text
          name="value_vnd"
          inputMode="numeric"
          maxLength={24}
          hint={worth === null ? null : money(worth)}
        />
        <Text name="customer" hint={t("declare.hint_customer")} />
      </More>
    </section>
  );
}
