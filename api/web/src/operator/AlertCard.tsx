import { useEffect, useState } from "preact/hooks";
import { getAlert, judgeAlert } from "../client";
import { type Key, nameOf, t } from "../language";
import { problem } from "../parts/problem";
import { clockTime, dayMonth, decimal, duration, instant, wholeNumber } from "../time";
import type { Alert, AlertDetail, Judgement, Site } from "../types";

interface Props {
  alert: Alert;
  site: Site;
  open: boolean;
  onToggle: () => void;
  onShow: (trip: number) => void;
  onJudged: () => void;
}

const JUDGEMENTS: readonly [Judgement, Key][] = [
  ["acknowledged", "alerts.acknowledge"],
  ["confirmed", "alerts.confirm"],
  ["dismissed", "alerts.dismiss"],
];

/** Which sentence tells a finding, from its kind and what its evidence says. */
function sentence(alert: Alert): Key {
  const { evidence, kind } = alert;
  if (kind === "parted") {
    return "other_device" in evidence ? "alerts.parted_devices" : "alerts.parted_seen";
  }
  const which = evidence.fault ?? evidence.how ?? evidence.said_by;
  return (which === undefined ? `alerts.${kind}` : `alerts.${kind}_${which}`) as Key;
}

/** A fact in words: what it measures is in its name. */
function words(name: string, value: string | number, site: Site): string {
  if (typeof value === "number") {
    if (name.endsWith("_s")) return duration(value);
    if (name.endsWith("_m")) return `${decimal(value / 1000, 0, 1)} km`;
    return name.endsWith("_t") ? decimal(value, 1, 1) : wholeNumber(value);
  }
  if (name.endsWith("_at") || name === "since" || name === "until") return moment(value, site);
  const zones = site.zones.features.map((zone) => zone.properties);
  const place = [...site.gates, ...site.yards, ...zones].find((one) => one.id === value);
  return place ? nameOf(place.name) : value;
}

function moment(iso: string, site: Site): string {
  const at = instant(iso);
  return `${clockTime(at, site.timezone)} ${dayMonth(at, site.timezone)}`;
}

function told(alert: Alert, site: Site): string {
  const facts: Record<string, string> = { other_plate: alert.other_plate ?? "" };
  for (const [name, value] of Object.entries(alert.evidence)) {
    facts[name] = words(name, value, site);
  }
  return t(sentence(alert), facts);
}

export function AlertCard({ alert, site, open, onToggle, onShow, onJudged }: Props) {
  return (
    <li
      class={`alert ${alert.severity} ${alert.state}`}
      data-alert={alert.id}
      title={t(`alerts.severity_${alert.severity}`)}
    >
      <button type="button" class="head" aria-expanded={open} onClick={onToggle}>
        <b>{t(`alerts.kind_${alert.kind}`)}</b>
        <span>{alert.plate ?? alert.haulier ?? alert.device}</span>
      </button>
      <p>{told(alert, site)}</p>
      <p class="quiet">
        {t(`alerts.state_${alert.state}`)} ·{" "}
        {t("alerts.again", { time: moment(alert.last_seen_at, site) })}
        {alert.loses_seniority && <b> · {t("alerts.lost")}</b>}
      </p>
      {open && <Judging alert={alert} site={site} onShow={onShow} onJudged={onJudged} />}
    </li>
  );
}

function Judging({ alert, site, onShow, onJudged }: Omit<Props, "open" | "onToggle">) {
  const [detail, setDetail] = useState<AlertDetail | null>(null);
  const [note, setNote] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const { trip_id: trip } = alert;

  useEffect(() => {
    getAlert(alert.id).then(setDetail, setWrong);
  }, [alert.id]);

  function judge(state: Judgement): void {
    judgeAlert(alert.id, state, note).then((answer) => {
      setDetail(answer);
      setWrong(null);
      setNote("");
      onJudged();
    }, setWrong);
  }

  return (
    <div class="judging">
      {detail && detail.points.features.length > 0 && (
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
      {detail?.decisions.map((one) => (
        <p key={one.at}>
          {t("alerts.said", {
            state: t(`alerts.state_${one.state}`),
            by: one.by,
            time: moment(one.at, site),
          })}
          {one.note !== "" && ` — ${one.note}`}
        </p>
      ))}
      <textarea
        rows={2}
        maxLength={500}
        placeholder={t("alerts.note")}
        aria-label={t("alerts.note")}
        value={note}
        onInput={(event) => setNote(event.currentTarget.value)}
      />
      <div class="choices">
        {JUDGEMENTS.filter(([state]) => state !== alert.state).map(([state, key]) => (
          <button
            type="button"
            key={state}
            disabled={state !== "acknowledged" && note.trim() === ""}
            onClick={() => judge(state)}
          >
            {t(key)}
          </button>
        ))}
        {trip !== null && (
          <button type="button" onClick={() => onShow(trip)}>
            {t("alerts.show")}
          </button>
        )}
      </div>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
    </div>
  );
}
