import { useEffect, useState } from "preact/hooks";
import { getAlert, giveCare, judgeAlert, listCarers, snoozeAlert } from "../client";
import { type Key, t } from "../language";
import { inOrder } from "../parts/inOrder";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { clockTime, instant } from "../time";
import type { Alert, AlertDetail, Judgement, Session, Site } from "../types";
import { isCheating, isOpen, moment, words } from "./alarms";
import { who } from "./colleagues";
import { spotOf } from "./stage";

const CARERS_AGAIN_MS = 300_000;
const ASIDE_MIN = [15, 60, 240] as const;
const NOTED: ReadonlySet<Judgement> = new Set(["confirmed", "dismissed"]);

interface Props {
  alert: Alert;
  site: Site;
  session: Session;
  /** The server's moment, ISO. */
  now: string | null;
  onShow: (trip: number) => void;
  onDone: () => void;
}

function judgements(alert: Alert): [Judgement, Key][] {
  const settle: [Judgement, Key][] = isCheating(alert)
    ? [
        ["confirmed", "alerts.confirm"],
        ["dismissed", "alerts.dismiss"],
      ]
    : [
        ["closed", "alarms.close"],
        ["dismissed", "alarms.false_alarm"],
      ];
  const all: [Judgement, Key][] = [["acknowledged", "alerts.acknowledge"], ...settle];
  return all.filter(
    ([state]) => state !== alert.state && (state !== "acknowledged" || isOpen(alert)),
  );
}

/** What an alert rests on, what was done about it, and what may be. */
export function AlertCare({ alert, site, session, now, onShow, onDone }: Props) {
  const [detail, setDetail] = useState<AlertDetail | null>(null);
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const carers = useAsked(listCarers, CARERS_AGAIN_MS, []);
  const { trip_id: trip, place } = alert;

  const [asks] = useState(inOrder);
  /** What was asked for before an act is not shown after it. */
  function ask(question: Promise<AlertDetail>): Promise<void> {
    const isNews = asks();
    return question.then((answer) => {
      if (isNews()) setDetail(answer);
    });
  }

  useEffect(() => {
    ask(getAlert(alert.id)).catch(setWrong);
  }, [alert.id, alert.state, alert.assigned_to, alert.snoozed_until]);

  function done(act: Promise<AlertDetail>): void {
    ask(act).then(
      () => {
        setWrong(null);
        setNote("");
        onDone();
      },
      (error: unknown) => {
        setWrong(error);
        onDone();
      },
    );
  }
  const aside = (minutes: number): string => {
    const from = Date.parse(now ?? alert.last_seen_at);
    return new Date(from + minutes * 60_000).toISOString();
  };

  return (
    <div class="judging">
      {detail && <Evidence detail={detail} site={site} />}
      <textarea
        rows={2}
        maxLength={500}
        placeholder={t(isCheating(alert) ? "alerts.note" : "alarms.note")}
        aria-label={t(isCheating(alert) ? "alerts.note" : "alarms.note")}
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      <div class="choices">
        {judgements(alert).map(([state, key]) => (
          <button
            type="button"
            key={state}
            disabled={NOTED.has(state) && note.trim() === ""}
            onClick={() => done(judgeAlert(alert.id, state, note))}
          >
            {t(key)}
          </button>
        ))}
        {trip !== null && (
          <button type="button" onClick={() => onShow(trip)}>
            {t("alerts.show")}
          </button>
        )}
        {place !== null && (
          <button type="button" onClick={() => spotOf(site, place)}>
            {t("alarms.show_place")}
          </button>
        )}
      </div>
      {isOpen(alert) && (
        <div class="care">
          <label>
            {t("alarms.care")}
            <select
              aria-label={t("alarms.care")}
              value={alert.assigned_to ?? ""}
              onChange={({ currentTarget }) =>
                done(giveCare(alert.id, currentTarget.value || null, alert.assigned_to))
              }
            >
              <option value="">{t("alarms.nobody")}</option>
              {(carers.answer ?? [session.account]).map((one) => (
                <option key={one} value={one}>
                  {one === session.account ? t("alarms.me", { account: who(one) }) : who(one)}
                </option>
              ))}
            </select>
          </label>
          <label>
            {t("alarms.aside")}
            <select
              aria-label={t("alarms.aside")}
              value={alert.snoozed_until === null ? "" : "kept"}
              onChange={({ currentTarget }) => {
                const minutes = Number(currentTarget.value);
                done(snoozeAlert(alert.id, minutes > 0 ? aside(minutes) : null, note));
              }}
            >
              <option value="">{t("alarms.aside_no")}</option>
              {alert.snoozed_until !== null && (
                <option value="kept">
                  {t("alarms.aside_until", {
                    time: clockTime(instant(alert.snoozed_until), site.timezone),
                  })}
                </option>
              )}
              {ASIDE_MIN.map((minutes) => (
                <option key={minutes} value={minutes}>
                  {t("alarms.aside_for", { m: minutes })}
                </option>
              ))}
            </select>
          </label>
        </div>
      )}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </div>
  );
}

function Evidence({ detail, site }: { detail: AlertDetail; site: Site }) {
  return (
    <>
      {detail.points.features.length > 0 && (
        <ul class="points">
          {detail.points.features.map(({ geometry, properties }, n) => (
            <li key={n}>
              <time>{clockTime(instant(properties.at), site.timezone)}</time>
              <span>{words("place", properties.what, site)}</span>
              <span class="quiet">
                {geometry.coordinates[1].toFixed(4)}, {geometry.coordinates[0].toFixed(4)}
              </span>
            </li>
          ))}
        </ul>
      )}
      {detail.decisions.map((one, n) => (
        <p key={n}>
          {t("alerts.said", {
            state: t(`alerts.state_${one.state}`),
            by: who(one.by),
            time: moment(one.at, site),
          })}
          {one.note !== "" && ` — ${one.note}`}
        </p>
      ))}
    </>
  );
}
