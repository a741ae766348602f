import { t } from "../../language";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { instant, moment } from "../../time";
import type { Session, Site } from "../../types";
import { now } from "../clock";
import { lockName } from "../names";
import { show } from "../views";
import { Outcome } from "../work/Outcome";
import { SayDialog } from "../work/SayDialog";
import { deskOf } from "../work/WorkList";
import { useSaying } from "../work/useSaying";
import { Conflicts } from "./Conflicts";
import { Fields } from "./Fields";
import { History } from "./History";
import { ofCrossings, ofOrder, ofPast, ofPayments, ofRecords } from "./history";
import { Money } from "./Money";
import { Papers } from "./Papers";
import { Stages } from "./Stages";
import { useTrip } from "./useTrip";

interface Props {
  id: number;
  session: Session;
  site: Site;
}

/** One truck on one screen: what was declared, where it stands, what it owes, what happened. */
export function TripPage({ id, session, site }: Props) {
  const known = useTrip(id, session.permissions.includes("work"));
  const { stages, trip, declaration, dues, crossings, past, why } = known;
  const conflicts = declaration?.conflicts ?? [];
  const desk = deskOf(session);
  const saying = useSaying(desk, known.again);
  const mayTake = session.permissions.includes("fees") && (desk === "tax" || desk === "yard");
  const mayDecide = session.permissions.includes("conflicts") && desk !== null;
  const moments = [
    ...ofRecords(stages?.records ?? []),
    ...(past ? ofPast(past) : []),
    ...(why ? ofOrder(why) : []),
    ...ofPayments(dues?.payments ?? []),
    ...(crossings ? ofCrossings(crossings) : []),
  ];
  const money = dues && (
    <Money trip={id} dues={dues} mayTake={mayTake} onChanged={known.again} />
  );
  return (
    <div class="trip">
      <header>
        <button type="button" class="back" onClick={() => (history.length > 1 ? history.back() : show("work"))}>
          ← {t("agency.back")}
        </button>
        <h1>{stages?.plate ?? trip?.plate ?? ""}</h1>
        {trip && (
          <p>
            {t(`direction.${trip.direction}`)} · {trip.gates.map(placeName).join(" → ")}
            {trip.slot &&
              ` · ${t("agency.slot_at", {
                gate: placeName(trip.slot.gate),
                time: moment(instant(trip.slot.starts_at), now(), site.timezone),
              })}`}
            {trip.stage && ` · ${t(`stage.${trip.stage}`)}`}
          </p>
        )}
        {stages?.locked.map((lock) => (
          <span key={lock} class="tag warn">
            {lockName(lock)}
          </span>
        ))}
        {stages && stages.locked.length === 0 && stages.variant !== null && (
          <span class="tag good">{t("agency.nothing_locked")}</span>
        )}
      </header>
      {known.wrong !== null && (
        <p class="refusal" role="alert">
          {problem(known.wrong)}
        </p>
      )}
      {saying.told && (saying.told.wrong !== null || saying.told.bulk?.refused.length !== 0) && (
        <Outcome told={saying.told} onOpen={() => undefined} onClose={saying.forget} />
      )}
      <div class="columns">
        <div>
          {conflicts.length > 0 && (
            <section class="open-conflicts">
              <h2>{t("agency.conflicts")}</h2>
              <Conflicts
                conflicts={conflicts}
                timezone={site.timezone}
                mayDecide={mayDecide}
                onDecided={known.again}
              />
            </section>
          )}
          {desk === "tax" && money}
          {declaration && <Fields declaration={declaration} timezone={site.timezone} />}
          {desk !== "tax" && money}
          <Papers documents={declaration?.documents ?? []} />
        </div>
        <div>
          {stages && (
            <Stages
              stages={stages}
              timezone={site.timezone}
              busy={saying.busy}
              onAct={(act, stage) =>
                saying.begin({
                  act,
                  items: [{ trip: id, stage: stage.stage, plate: stages.plate }],
                  settles: stage.settles,
                })
              }
            />
          )}
        </div>
        <History moments={moments} timezone={site.timezone} />
      </div>
      {saying.asks && (
        <SayDialog
          saying={saying.asks}
          desk={desk}
          onDone={saying.done}
          onLeave={saying.leave}
        />
      )}
    </div>
  );
}
