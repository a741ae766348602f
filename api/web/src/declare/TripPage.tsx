import { useState } from "preact/hooks";
import { getWhy } from "../client";
import { language, t } from "../language";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import { WhyWords } from "../parts/WhyWords";
import { cancel, getStages, getTrip } from "./api";
import { newDraft, type Place } from "./Declare";
import { DeclaredFields } from "./Declared";
import { DuesOf } from "./Dues";
import { EditTrip } from "./EditTrip";
import { Papers } from "./Papers";
import { Penalties } from "./Penalties";
import { StageLine } from "./StageLine";
import { Slot } from "./TripRow";
import { WayBack } from "./WayBack";

const AGAIN_MS = 10_000;

/** A declared trip as its haulier sees it: what is done, what waits for whom, what it costs. */
export function TripPage({ id, place }: { id: number; place: Place }) {
  const trip = useAsked(() => getTrip(id), AGAIN_MS, [id]);
  const stages = useAsked(() => getStages(id), AGAIN_MS, [id]);
  const why = useAsked(() => getWhy(id, language.value), AGAIN_MS * 3, [id, language.value]);
  const [edits, setEdits] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const wrong = refused ?? trip.wrong ?? stages.wrong;
  const again = (): void => {
    trip.again();
    stages.again();
    why.again();
  };

  if (trip.answer === null) {
    return wrong === null ? (
      <p class="quiet">{t("common.loading")}</p>
    ) : (
      <p class="refusal" role="alert">
        {problem(wrong)}
      </p>
    );
  }
  const { plate, state, stage } = trip.answer;
  return (
    <article class="trip">
      <header>
        <h2>{plate}</h2>
        <span class="stands" role="status">
          {stage && t(`stage.${stage}`)}
        </span>
        <span class="slot">
          <Slot trip={trip.answer} now={place.now()} place={place} />
        </span>
        <span class="buttons">
          {state === "active" && (
            <>
              <button type="button" aria-pressed={edits} onClick={() => setEdits(!edits)}>
                {t("declare.change")}
              </button>
              <SureButton
                name={t("declare.cancel")}
                sure={t("declare.cancel_sure")}
                onSure={() => void cancel(id).then(again, setRefused)}
              />
            </>
          )}
          <button type="button" onClick={() => place.go(newDraft({ trip: id }))}>
            {t("declare.copy")}
          </button>
        </span>
      </header>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {edits && state === "active" ? (
        <EditTrip
          trip={trip.answer}
          place={place}
          onDone={() => {
            setEdits(false);
            again();
          }}
        />
      ) : (
        <div class="columns">
          <div>
            {stages.answer && (
              <StageLine stages={stages.answer} place={place} onAnswered={stages.again} />
            )}
            {why.answer && (
              <section class="panel">
                <h3>{t("declare.order")}</h3>
                <WhyWords why={why.answer} timezone={place.site.timezone} />
              </section>
            )}
          </div>
          <div>
            <DuesOf trip={id} place={place} />
            <section class="panel">
              <h3>{t("declare.group_papers")}</h3>
              <Papers of={{ trip: id }} before={() => Promise.resolve(true)} />
            </section>
            <DeclaredFields trip={id} place={place} />
            <WayBack trip={id} place={place} />
            <Penalties trip={id} place={place} />
          </div>
        </div>
      )}
    </article>
  );
}
