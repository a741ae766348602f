import { useState } from "preact/hooks";
import { LANGUAGE_NAMES, LANGUAGES, nameOf, t } from "../../language";
import { wholeNumber } from "../../time";
import type { Cargo, Direction, Language, Site } from "../../types";
import { ActDialog } from "./ActDialog";
import type { WalkInPlace, WalkInWish } from "./acts";
import { registerWalkIn, showWalkIn } from "./api";

const CARGOES: readonly Cargo[] = ["normal", "reefer", "perishable"];
const DIRECTIONS: readonly Direction[] = ["export", "import"];

interface Props {
  site: Site;
  onLeave: () => void;
  onDone: () => void;
  onShow: (trip: number) => void;
}

/** Registers a truck where it stands and puts it there, once its place was shown. */
export function WalkInForm({ site, onLeave, onDone, onShow }: Props) {
  const [typed, setTyped] = useState(() => ({
    plate: "",
    yard: site.yards[0]?.id ?? "",
    gate: site.yards[0]?.gates[0] ?? site.gates[0]?.id ?? "",
    direction: "export" as Direction,
    cargo: "normal" as Cargo,
    phone: "",
    language: "vi" as Language,
    haulier: "",
  }));
  const set = (change: Partial<typeof typed>): void => setTyped({ ...typed, ...change });
  const wish = (): WalkInWish => {
    const { gate, phone, haulier, ...plain } = typed;
    return {
      ...plain,
      gates: [gate],
      ...(phone.trim() === "" ? {} : { phone: phone.trim() }),
      ...(haulier.trim() === "" ? {} : { haulier: haulier.trim() }),
    };
  };
  const yardName = nameOf(
    site.yards.find(({ id }) => id === typed.yard)?.name ?? { vi: "", zh: "", en: "" },
  );
  return (
    <ActDialog
      name="walk-in"
      title={t("act.walk_in")}
      hint={t("act.walk_in_hint")}
      show={async () => {
        const place = await showWalkIn(wish());
        return { view: <PlaceView {...{ place, site }} heard={wish().phone !== undefined} />, allowed: true };
      }}
      confirm={t("act.register")}
      enter={async (key) => {
        const trip = await registerWalkIn(wish(), key);
        onDone();
        return (
          <>
            <p>{t("act.registered", { plate: trip.plate, yard: yardName })}</p>
            {trip.has_number === false && <p class="warning">{t("act.no_number")}</p>}
            <button type="button" onClick={() => onShow(trip.id)}>
              {t("act.show")}
            </button>
          </>
        );
      }}
      onLeave={onLeave}
    >
      <label>
        {t("act.plate")}
        <input
          name="plate"
          required
          maxLength={40}
          autocomplete="off"
          spellcheck={false}
          value={typed.plate}
          onInput={(event) => set({ plate: event.currentTarget.value })}
        />
      </label>
      <div class="pair">
        <Choice
          name="yard"
          label={t("act.yard")}
          value={typed.yard}
          options={site.yards.map(({ id, name }) => [id, nameOf(name)])}
          onChoose={(yard) => set({ yard })}
        />
        <Choice
          name="gate"
          label={t("act.gate")}
          value={typed.gate}
          options={site.gates.map(({ id, name }) => [id, nameOf(name)])}
          onChoose={(gate) => set({ gate })}
        />
        <Choice
          name="cargo"
          label={t("act.cargo")}
          value={typed.cargo}
          options={CARGOES.map((one) => [one, t(`cargo.${one}`)])}
          onChoose={(cargo) => set({ cargo })}
        />
        <Choice
          name="direction"
          label={t("act.direction")}
          value={typed.direction}
          options={DIRECTIONS.map((one) => [one, t(`direction.${one}`)])}
          onChoose={(direction) => set({ direction })}
        />
      </div>
      <div class="pair">
        <label>
          {t("act.phone")}
          <input
            name="phone"
            type="tel"
            maxLength={30}
            autocomplete="off"
            value={typed.phone}
            onInput={(event) => set({ phone: event.currentTarget.value })}
          />
        </label>
        <Choice
          name="language"
          label={t("act.language")}
          value={typed.language}
          options={LANGUAGES.map((one) => [one, LANGUAGE_NAMES[one]])}
          onChoose={(language) => set({ language })}
        />
      </div>
      {typed.phone.trim() === "" && <p class="warning">{t("act.phone_hint")}</p>}
      <label>
        {t("act.haulier_optional")}
        <input
          name="haulier"
          maxLength={80}
          autocomplete="off"
          value={typed.haulier}
          onInput={(event) => set({ haulier: event.currentTarget.value })}
        />
      </label>
    </ActDialog>
  );
}

/** What would be written down, and whom it touches: nobody, for it counts from now. */
function PlaceView({ place, site, heard }: { place: WalkInPlace; site: Site; heard: boolean }) {
  const gate = site.gates.find(({ id }) => id === place.gate);
  const yard = site.yards.find(({ id }) => id === place.yard);
  return (
    <section class="effect" aria-live="polite">
      <h3>{t("act.effect")}</h3>
      <p class="moved">
        {t("act.walk_in_written", {
          plate: place.plate,
          gate: gate ? nameOf(gate.name) : "",
          yard: yard ? nameOf(yard.name) : "",
        })}
      </p>
      <p>
        <b>{t("act.walk_in_place", { place: wholeNumber(place.place), n: wholeNumber(place.ahead) })}</b>
      </p>
      <p>{t("act.walk_in_passes")}</p>
      {!heard && <p class="warning">{t("act.no_number")}</p>}
    </section>
  );
}

interface ChoiceProps<T extends string> {
  name: string;
  label: string;
  value: T;
  options: [T, string][];
  onChoose: (value: T) => void;
}

function Choice<T extends string>({ name, label, value, options, onChoose }: ChoiceProps<T>) {
  return (
    <label>
      {label}
      <select
        name={name}
        value={value}
        onChange={(event) => onChoose(event.currentTarget.value as T)}
      >
        {options.map(([code, words]) => (
          <option key={code} value={code}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
