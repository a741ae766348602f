import { find, t } from "../language";
import { factName, fieldName } from "../parts/names";
import { placeName } from "../parts/place";
import { useAsked } from "../parts/useAsked";
import { decimal, instant, moment, otherTime } from "../time";
import { getDeclaration, type TripDeclaration } from "./api";
import type { Place } from "./Declare";
import { money, originName } from "./names";

const AGAIN_MS = 60_000;
const SHOWN = [
  "trailer",
  "direction",
  "load",
  "cargo",
  "goods_class",
  "goods",
  "goods_code",
  "weight_t",
  "value_vnd",
  "temperature_c",
  "keeps_h",
  "gates",
  "handover",
  "pair_plate",
  "ready_at",
  "returns_within_h",
  "declaration",
  "customer",
  "device",
] as const;

/** What a trip declares, from whom each is, and where another system says something else. */
export function DeclaredFields({ trip, place }: { trip: number; place: Place }) {
  // Without its driver: whose name is shown is written down, and a page asks again and again.
  const { answer } = useAsked(() => getDeclaration(trip, false), AGAIN_MS, [trip]);
  if (!answer) return null;
  return (
    <section class="panel declared">
      <h3>{t("declare.declared")}</h3>
      {answer.marks.map((mark) => (
        <p key={mark} class="warns">
          {find(`declare_mark.${mark}`) ?? mark}
        </p>
      ))}
      {answer.conflicts.map((one) => (
        <p key={one.id} class="warning">
          {t("declare.conflict", {
            field: fieldName(one.field),
            ours: said(one.field, one.ours, place),
            source: originName(`source:${one.source}`),
            theirs: said(one.field, one.theirs, place),
          })}
        </p>
      ))}
      <dl>
        {SHOWN.filter((name) => isSaid(answer, name)).map((name) => (
          <div key={name}>
            <dt>{fieldName(name)}</dt>
            <dd>
              {said(name, answer[name], place)}
              {answer.origins[name] && (
                <span class="origin">{originName(answer.origins[name])}</span>
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const isSaid = (declared: TripDeclaration, name: string): boolean =>
  declared[name] !== null && declared[name] !== undefined && declared[name] !== "";

/** A value of a field, as who declared it would say it. */
function said(name: string, value: unknown, place: Place): string {
  if (value === null || value === undefined) return t("common.none");
  if (Array.isArray(value)) return value.map((one) => placeName(String(one))).join(", ");
  if (typeof value === "number") return name === "value_vnd" ? money(value) : decimal(value, 0, 2);
  const text = String(value);
  if (name !== "ready_at") return factName(name, text);
  const { timezone, other_timezone: other } = place.site;
  const at = instant(text);
  return [moment(at, place.now(), timezone), otherTime(at, timezone, other)]
    .filter(Boolean)
    .join(" ");
}
