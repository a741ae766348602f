import { LANGUAGE_NAMES, LANGUAGES, t } from "../language";
import { Choices, Frame, More, Pick, Text } from "./Field";
import { useFilling } from "./filling";
import { inputId } from "./names";

const NATIONS = ["VN", "CN", "other"] as const;

/** Which truck comes, and who drives it. */
export function TruckGroup() {
  const { values, change, place, keeps } = useFilling();
  return (
    <section class="group">
      <h2>{t("declare.group_truck")}</h2>
      <div class="fields">
        <Text name="plate" maxLength={20} capitals autofocus={keeps === null} />
        <Text name="trailer" maxLength={20} capitals />
        <Text name="phone" type="tel" inputMode="tel" maxLength={30} hint={t("declare.hint_phone")} />
        <Choices
          name="language"
          options={LANGUAGES.map((one) => ({ value: one, name: LANGUAGE_NAMES[one] }))}
        />
        <Text name="driver_name" />
        <Text name="licence" maxLength={40} capitals />
        <Text
          name="licence_until"
          inputMode="numeric"
          maxLength={10}
          hint={t("declare.hint_date")}
        />
        {place.session.role !== "haulier" && <Text name="haulier" />}
      </div>
      <More names={["nationality", "device"]}>
        <Pick
          name="nationality"
          options={NATIONS.map((one) => ({ value: one, name: t(`declare.nation_${one}`) }))}
          hint={t("declare.hint_nationality")}
        />
        <Text name="device" maxLength={64} hint={t("declare.hint_device")} />
      </More>
      <Frame name="consent">
        <span class="agree">
          <input
            type="checkbox"
            id={inputId("consent")}
            name="consent"
            checked={values.consent}
            onChange={(event) => change({ consent: event.currentTarget.checked })}
          />
          <span>{t("declare.consent")}</span>
        </span>
      </Frame>
    </section>
  );
}
