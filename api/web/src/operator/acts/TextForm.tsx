import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { LANGUAGE_NAMES, LANGUAGES } from "../../language";
import { refusalWords } from "../../parts/problem";
import { wholeNumber } from "../../time";
import type { Site, Trip } from "../../types";
import { ActDialog } from "./ActDialog";
import type { TextWish, Weighed } from "./acts";
import { weighText, writeText } from "./api";

interface Props {
  site: Site;
  /** Whose driver is written to; null where a class is chosen. */
  trip: Trip | null;
  onLeave: () => void;
}

/** Vietnamese in plain letters, as SMS have them in the catalogue. */
export const plainLetters = (text: string): string =>
  text.replace(/đ/g, "d").replace(/Đ/g, "D").normalize("NFD").replace(/\p{M}/gu, "");

/** Writes to one driver, or to all of a class. */
export function TextForm({ site, trip, onLeave }: Props) {
  const [text, setText] = useState("");
  const [to, setTo] = useState("held");
  const wish = (): TextWish => {
    if (trip !== null) return { text, to: "trip", trip_id: trip.id };
    const [kind = "held", place] = to.split(":");
    return { text, to: kind as TextWish["to"], ...(place === undefined ? {} : { place }) };
  };
  return (
    <ActDialog
      name="text"
      title={
        trip === null ? t("act.write") : t("act.text_title", { plate: trip.plate })
      }
      confirm={t("act.confirm")}
      show={async () => {
        const weighed = await weighText(wish());
        return { view: <Weight weighed={weighed} />, allowed: weighed.refused === null };
      }}
      enter={async (key) => {
        const written = await writeText(wish(), key);
        return <p>{t("act.sent", { n: wholeNumber(written.messages) })}</p>;
      }}
      onLeave={onLeave}
    >
      {trip === null && (
        <label>
          {t("act.to")}
          <select name="to" value={to} onChange={(event) => setTo(event.currentTarget.value)}>
            <option value="held">{t("act.to_held")}</option>
            {site.yards.map(({ id, name }) => (
              <option key={id} value={`yard:${id}`}>
                {t("act.to_yard", { yard: nameOf(name) })}
              </option>
            ))}
            {site.gates.map(({ id, name }) => (
              <option key={id} value={`gate:${id}`}>
                {t("act.to_gate", { gate: nameOf(name) })}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {t("act.message")}
        <textarea
          name="text"
          rows={4}
          maxLength={500}
          required
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {plainLetters(text) !== text && (
        <p class="quiet strip">
          {t("act.ucs2")}{" "}
          <button type="button" onClick={() => setText(plainLetters(text))}>
            {t("act.strip")}
          </button>
        </p>
      )}
    </ActDialog>
  );
}

function Weight({ weighed }: { weighed: Weighed }) {
  const n = wholeNumber;
  if (weighed.refused !== null) {
    return (
      <p class="refusal" role="alert">
        {refusalWords(weighed.refused)}
      </p>
    );
  }
  const { parts, letters, to, unheard, languages, left } = weighed;
  const spoken = LANGUAGES.filter((one) => (languages[one] ?? 0) > 0)
    .map((one) => `${LANGUAGE_NAMES[one]} ${n(languages[one] ?? 0)}`)
    .join(", ");
  return (
    <section class="effect">
      <p>{t("act.weighs", { parts: n(parts), letters: n(letters), to: n(to) })}</p>
      <p>{t("act.reads", { languages: spoken })}</p>
      {unheard > 0 && <p class="warning">{t("act.unheard", { n: n(unheard) })}</p>}
      <p class="quiet">{t("act.left_hour", { n: n(left) })}</p>
    </section>
  );
}
