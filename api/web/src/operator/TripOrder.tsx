import { useState } from "preact/hooks";
import { acceptDevice, getWhy, liftPenalty, listPenalties, setStandby } from "../client";
import { find, language, t } from "../language";
import type { Penalty, Why } from "../order";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import { useWish } from "../parts/useWish";
import { WhyWords } from "../parts/WhyWords";
import { clockTime, dayMonth, duration, instant, wholeNumber } from "../time";
import type { Role, Session, Trip } from "../types";
import { who } from "./colleagues";
import { LeftPlace } from "./LeftPlace";

const ASK_AGAIN_MS = 10_000;
const RULE: readonly Role[] = ["operator", "administrator"];

interface Props {
  trip: Trip;
  session: Session;
  timezone: string;
  gateName: (gate: string) => string;
  onChanged: () => void;
}

function place({ place: n, gate }: Why, gateName: (gate: string) => string): string {
  if (n === null || gate === null) return t("order.no_place");
  return t("order.place", { n: wholeNumber(n), gate: gateName(gate) });
}

/** Why a truck stands where it stands, what it lost, and whether it stands by. */
export function TripOrder({ trip, session, timezone, gateName, onChanged }: Props) {
  const spoken = language.value;
  const why = useAsked(() => getWhy(trip.id, spoken), ASK_AGAIN_MS, [trip.id, spoken]);
  const penalties = useAsked(() => listPenalties(trip.id), ASK_AGAIN_MS, [trip.id]);
  const [wrong, setWrong] = useState<unknown>(null);
  const [standby, wishStandby] = useWish(trip.standby, trip);
  const may = RULE.includes(session.role);
  const moment = (iso: string): string =>
    `${clockTime(instant(iso), timezone)} · ${dayMonth(instant(iso), timezone)}`;

  function standBy(on: boolean): void {
    const change = setStandby(trip.id, on);
    wishStandby(on, change);
    done(change);
  }

  function done(change: Promise<unknown>): void {
    change.then(() => {
      setWrong(null);
      why.again();
      penalties.again();
      onChanged();
    }, setWrong);
  }

  const refused = wrong ?? why.wrong ?? penalties.wrong;
  return (
    <section class="order">
      {refused !== null && (
        <p class="refusal" role="alert">
          {problem(refused)}
        </p>
      )}
      {why.answer && <h3 class="place">{place(why.answer, gateName)}</h3>}
      {trip.extended_until && (
        <p>{t("order.extended", { time: moment(trip.extended_until) })}</p>
      )}
      {trip.regains_at && (
        <LeftPlace
          time={moment(trip.regains_at)}
          onAccept={may ? (cause) => done(acceptDevice(trip.id, cause)) : null}
        />
      )}
      <label class="switch">
        <input
          type="checkbox"
          name="standby"
          checked={standby}
          disabled={!may || trip.state !== "active"}
          onChange={({ currentTarget }) => standBy(currentTarget.checked)}
        />
        {t("order.standby")}
      </label>
      {penalties.answer && penalties.answer.length > 0 && (
        <>
          <h3>{t("order.penalties")}</h3>
          <ul class="penalties">
            {penalties.answer.map((one) => (
              <PenaltyRow
                key={one.id}
                penalty={one}
                moment={moment}
                onLift={may ? () => done(liftPenalty(trip.id, one.id)) : null}
              />
            ))}
          </ul>
        </>
      )}
      <h3>{t("order.why")}</h3>
      {why.answer ? (
        <>
          <p class="quiet">{t("order.told")}</p>
          <WhyWords why={why.answer} timezone={timezone} />
          {why.answer.missing.length > 0 && session.permissions.includes("work") && (
            <a href={`/agency#trip=${trip.id}`}>{t("agency.title")}</a>
          )}
        </>
      ) : (
        <p class="quiet">{t("common.loading")}</p>
      )}
    </section>
  );
}

interface PenaltyProps {
  penalty: Penalty;
  moment: (iso: string) => string;
  /** Null for those who may not. */
  onLift: (() => void) | null;
}

function PenaltyRow({ penalty, moment, onLift }: PenaltyProps) {
  // What an alert found is told by the alert's own name.
  const reason =
    find(`why.reason.${penalty.kind}`) ??
    find(`alerts.kind_${penalty.kind}`) ??
    find("why.reason.other");
  return (
    <li data-penalty={penalty.id} class={penalty.lifted_at === null ? "" : "lifted"}>
      <p>
        {t("order.penalty", {
          time: moment(penalty.at),
          reason: reason ?? penalty.kind,
          lost: duration(penalty.loses_s),
        })}
      </p>
      {penalty.banned_until !== null && (
        <p>{t("order.barred", { time: moment(penalty.banned_until) })}</p>
      )}
      {penalty.lifted_at !== null ? (
        <p class="quiet">
          {t("order.lifted", { by: who(penalty.lifted_by ?? ""), time: moment(penalty.lifted_at) })}
        </p>
      ) : (
        onLift && (
          <SureButton name={t("order.lift")} sure={t("order.lift_sure")} onSure={onLift} />
        )
      )}
    </li>
  );
}
