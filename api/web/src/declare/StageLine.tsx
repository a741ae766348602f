import { useState } from "preact/hooks";
import { find, nameOf, t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { personName } from "../parts/place";
import { problem } from "../parts/problem";
import { answerStage, type StageRecord, type Stages, type TripStage } from "./api";
import type { Place } from "./Declare";
import { deskName, since } from "./names";

interface Props {
  stages: Stages;
  place: Place;
  onAnswered: () => void;
}

const LOCKS = ["slot", "release", "gate"] as const;
const SIGNS = {
  confirmed: "✓",
  ready: "…",
  asked: "?",
  refused: "✗",
  expired: "⌛",
  waiting: "·",
} as const;

/** The stages of a trip in their order: what is done, what waits for whom and since when. */
export function StageLine({ stages, place, onAnswered }: Props) {
  return (
    <section class="panel stages">
      <h3>{t("declare.stages")}</h3>
      {stages.locked.length > 0 && (
        <p class="warning">
          {t("declare.locked", {
            what: LOCKS.filter((one) => stages.locked.includes(one))
              .map((one) => t(`declare_lock.${one}`))
              .join(", "),
          })}
        </p>
      )}
      <ol>
        {stages.stages.map((one, n) => (
          <li key={one.stage} data-stage={one.stage} data-state={one.state}>
            <span class="sign" aria-hidden="true">
              {SIGNS[one.state]}
            </span>
            <div>
              <b>{nameOf(one.name)}</b>{" "}
              {!waitsAlike(one, stages.stages[n - 1]) && (
                <small>{said(one, stages, place)}</small>
              )}
              {one.record && one.state !== "confirmed" && <Note record={one.record} />}
              {one.may.includes("answered") && one.state === "asked" && (
                <Answer trip={stages.trip} stage={one.stage} onAnswered={onAnswered} />
              )}
            </div>
          </li>
        ))}
      </ol>
      <details>
        <summary>{t("declare.records", { n: stages.records.length })}</summary>
        <ul class="records">
          {stages.records.map((one) => (
            <li key={one.id}>
              <time>{siteMoment(one.at, place.site.timezone)}</time>{" "}
              {nameIn(one.stage, stages)}: {find(`declare_act.${one.act}`) ?? one.act}
              <small>
                {[deskName(one.desk), one.by && personName(one.by)].filter(Boolean).join(" · ")}
              </small>
              <Note record={one} />
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

const nameIn = (id: string, { stages }: Stages): string => {
  const found = stages.find(({ stage }) => stage === id);
  return found ? nameOf(found.name) : id;
};

/** Whether it waits for just what the one above waits for, which need not be said twice. */
const waitsAlike = (one: TripStage, above: TripStage | undefined): boolean =>
  one.state === "waiting" &&
  above?.state === "waiting" &&
  one.waits_for.map(({ stage }) => stage).join() === above.waits_for.map(({ stage }) => stage).join();

/** How it stands, whose it is, and since when; what waits says for which others. */
function said(one: TripStage, stages: Stages, place: Place): string {
  if (one.state === "confirmed") {
    return [deskName(one.desk), siteMoment(one.since, place.site.timezone)].filter(Boolean).join(" · ");
  }
  const ago = since(one.since, place.now());
  if (one.state === "waiting") {
    return t("declare.waits_for", {
      stages: one.waits_for.map(({ stage }) => nameIn(stage, stages)).join(", "),
    });
  }
  const whose = one.state === "asked" ? "haulier" : one.desk;
  return [t(`declare.stage_${one.state}`), deskName(whose), ago].filter(Boolean).join(" · ");
}

/** Why it was refused, or what was asked, in the words of who said it. */
function Note({ record }: { record: StageRecord }) {
  const reason = record.reason && (find(`agency.reason_${record.reason}`) ?? record.reason);
  if (!reason && !record.note) return null;
  return <p class="note">{[reason, record.note].filter(Boolean).join(": ")}</p>;
}

interface AnswerProps {
  trip: number;
  stage: string;
  onAnswered: () => void;
}

function Answer({ trip, stage, onAnswered }: AnswerProps) {
  const [text, setText] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    setBusy(true);
    try {
      await answerStage(trip, stage, text.trim());
      setText("");
      setWrong(null);
      onAnswered();
    } catch (error) {
      setWrong(error);
    }
    setBusy(false);
  }

  return (
    <form class="answer" onSubmit={(event) => void send(event)}>
      <label>
        {t("declare.answer")}
        <textarea
          required
          maxLength={500}
          rows={2}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <button class="main" disabled={busy || text.trim() === ""}>
        {t("declare.answer_send")}
      </button>
    </form>
  );
}
