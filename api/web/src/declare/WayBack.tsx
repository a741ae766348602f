import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { placeName } from "../parts/place";
import { useAsked } from "../parts/useAsked";
import { instant, otherTime } from "../time";
import { getCrossings } from "./api";
import type { Place } from "./Declare";

const AGAIN_MS = 60_000;

/** When the truck crossed, by when it has to be back, and the truck it belongs together with. */
export function WayBack({ trip, place }: { trip: number; place: Place }) {
  const { answer } = useAsked(() => getCrossings(trip), AGAIN_MS, [trip]);
  if (!answer || (!answer.crossing && !answer.pair)) return null;
  const { timezone, other_timezone: other } = place.site;
  const at = (iso: string): string =>
    [siteMoment(iso, timezone), otherTime(instant(iso), timezone, other)].filter(Boolean).join(" ");
  const { crossing, pair } = answer;
  return (
    <section class="panel way-back">
      <h3>{t("declare.way_back")}</h3>
      {crossing && (
        <p>{t("declare.crossed", { gate: placeName(crossing.gate), at: at(crossing.at) })}</p>
      )}
      {crossing?.returned_at && <p>{t("declare.is_back", { at: at(crossing.returned_at) })}</p>}
      {crossing?.due_at && !crossing.returned_at && (
        <p class={crossing.state === "overdue" ? "refusal" : ""}>
          {t(crossing.state === "overdue" ? "declare.overdue" : "declare.back_by", {
            at: at(crossing.due_at),
          })}
        </p>
      )}
      {pair && (
        <p>
          {t("declare.pair", { plate: pair.plate })}{" "}
          {pair.trip === null ? (
            <small class="warns">{t("declare.pair_undeclared")}</small>
          ) : (
            <small>{pair.state && t(`declare.state_${pair.state as "active"}`)}</small>
          )}
        </p>
      )}
    </section>
  );
}
