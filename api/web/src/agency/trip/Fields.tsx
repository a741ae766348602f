import { useState } from "preact/hooks";
import { find, t } from "../../language";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { wholeNumber } from "../../time";
import { siteMoment } from "../../parts/account/moments";
import { factName, fieldName, stageName } from "../../parts/names";
import { type Declaration, getPersonal, type Personal } from "./declaration";
import { open } from "../views";

type Name = keyof Declaration;

const SHOWN: readonly Name[] = [
  "trailer",
  "direction",
  "gates",
  "cargo",
  "load",
  "goods",
  "goods_class",
  "goods_code",
  "weight_class",
  "weight_t",
  "value_vnd",
  "keeps_h",
  "temperature_c",
  "declaration",
  "handover",
  "pair_plate",
  "customer",
  "ready_at",
];

interface Props {
  declaration: Declaration;
  timezone: string;
}

/** What was declared, with where each word came from if nobody typed it, and who settled it. */
export function Fields({ declaration, timezone }: Props) {
  const filled = SHOWN.filter((name) => {
    const value = declaration[name];
    return value !== null && value !== undefined && value !== "";
  });
  return (
    <section class="declared">
      <h2>
        {t("agency.declaration")}
        {declaration.marks.map((mark) => (
          <small key={mark} class="tag warn">
            {find(`declare_mark.${mark}`) ?? mark}
          </small>
        ))}
      </h2>
      <dl>
        {filled.map((name) => (
          <div key={name} data-field={name}>
            <dt>{fieldName(name)}</dt>
            <dd>
              {shown(name, declaration[name], timezone)}
              <Whence name={name} declaration={declaration} />
            </dd>
          </div>
        ))}
      </dl>
      {declaration.twin && (
        <p>
          {t("agency.twin")}{" "}
          <button
            type="button"
            class="link"
            onClick={() => open(declaration.twin?.trip_id ?? 0)}
          >
            {declaration.twin.plate}
          </button>
        </p>
      )}
      <Driver trip={declaration.trip} />
    </section>
  );
}

function shown(name: Name, value: unknown, timezone: string): string {
  if (name === "ready_at") return siteMoment(String(value), timezone);
  if (name === "gates") return (value as string[]).map(placeName).join(" → ");
  if (name === "value_vnd") return t("agency.vnd", { n: wholeNumber(Number(value)) });
  return typeof value === "number" ? wholeNumber(value) : factName(name, value);
}

/** That a field was not typed by the haulier, or that an agency's word holds. */
function Whence({ name, declaration }: { name: Name; declaration: Declaration }) {
  const origin = declaration.origins[name];
  const stage = declaration.settled[name];
  if (!origin && !stage) return null;
  const [kind, source = ""] = (origin ?? "").split(":");
  return (
    <small class="whence">
      {stage !== undefined && (
        <span class="tag good">{t("agency.settled_by", { stage: stageName(stage) })}</span>
      )}
      {origin && (
        <span class="tag">
          {find(`agency.from_${kind}`)?.replace("{name}", source) ?? origin}
        </span>
      )}
    </small>
  );
}

/** A person's own: behind a press, for who has read it is written down. */
function Driver({ trip }: { trip: number }) {
  const [shown, setShown] = useState<Personal | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const ask = (): void => {
    setWrong(null);
    getPersonal(trip).then(setShown, setWrong);
  };
  return (
    <div class="driver">
      {shown === null ? (
        <button type="button" onClick={ask}>
          {t("agency.show_driver")}
        </button>
      ) : (
        <dl>
          {(["driver_name", "phone", "licence", "licence_until"] as const).map((name) => (
            <div key={name}>
              <dt>{fieldName(name)}</dt>
              <dd>{shown[name] ?? t("common.none")}</dd>
            </div>
          ))}
        </dl>
      )}
      <small>{t("agency.is_noted")}</small>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
    </div>
  );
}
