import { listPenalties } from "../client";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { useAsked } from "../parts/useAsked";
import { duration } from "../time";
import { AppealForm } from "./AppealForm";
import type { Place } from "./Declare";

const AGAIN_MS = 60_000;

/** What a trip lost and why, and the way to appeal against it. */
export function Penalties({ trip, place }: { trip: number; place: Place }) {
  const { answer } = useAsked(() => listPenalties(trip), AGAIN_MS, [trip]);
  if (!answer || answer.length === 0) return null;
  return (
    <section class="panel penalties">
      <h3>{t("declare.penalties")}</h3>
      <ul>
        {answer.map((one) => (
          <li key={one.id}>
            {t(`offence.${one.kind as "other"}`)}
            <small>
              {[
                siteMoment(one.at, place.site.timezone),
                one.loses_s > 0 && t("declare.loses", { time: duration(one.loses_s) }),
                one.banned_until &&
                  t("declare.banned_until", {
                    at: siteMoment(one.banned_until, place.site.timezone),
                  }),
                one.lifted_at && t("declare.lifted"),
              ]
                .filter(Boolean)
                .join(" · ")}
            </small>
            {!one.lifted_at && place.session.role === "haulier" && (
              <AppealForm about={`penalty:${one.id}`} trip={trip} />
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
