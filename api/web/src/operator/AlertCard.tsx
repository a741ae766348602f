import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { judgeAlert } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import { ago, clockTime, instant } from "../time";
import type { Alert, Session, Site } from "../types";
import { AlertCare } from "./AlertCare";
import { about, isEscalated, moment, told } from "./alarms";
import { who } from "./colleagues";

interface Props {
  alert: Alert;
  site: Site;
  session: Session;
  /** The server's moment, ISO. */
  now: string | null;
  open: boolean;
  /** Whether a key asked to acknowledge it and waits to be sure. */
  armed: boolean;
  onArm: (on: boolean) => void;
  onToggle: () => void;
  onShow: (trip: number) => void;
  onDone: () => void;
}

export function AlertCard(props: Props) {
  const { alert, site, session, now, open, armed, onArm, onToggle, onShow, onDone } = props;
  const late = isEscalated(alert, now);
  const marks = [alert.severity, alert.state, late ? "late" : "", alert.over_at ? "over" : ""];
  return (
    <li class={`alert ${marks.join(" ")}`} data-alert={alert.id}>
      <button type="button" class="head" aria-expanded={open} onClick={onToggle}>
        <b>{t(`alerts.kind_${alert.kind}`)}</b>
        <span>{about(alert, site)}</span>
      </button>
      <p>{told(alert, site)}</p>
      <Standing alert={alert} site={site} now={now} late={late} />
      {armed && <Sure alert={alert} onArm={onArm} onDone={onDone} />}
      {open && (
        <AlertCare
          alert={alert}
          site={site}
          session={session}
          now={now}
          onShow={onShow}
          onDone={onDone}
        />
      )}
    </li>
  );
}

type StandingProps = Pick<Props, "alert" | "site" | "now"> & { late: boolean };

/** What became of it, in a line. */
function Standing({ alert, site, now, late }: StandingProps) {
  const { over_at: over, snoozed_until: aside, acknowledged_at: seen } = alert;
  const began = now === null ? null : (Date.parse(now) - Date.parse(alert.found_at)) / 1000;
  const time = (iso: string): string => clockTime(instant(iso), site.timezone);
  const words = [
    alert.state === "acknowledged" && alert.acknowledged_by !== null && seen !== null
      ? t("alarms.seen_by", { by: who(alert.acknowledged_by), time: time(seen) })
      : t(`alerts.state_${alert.state}`),
    alert.assigned_to === null ? null : t("alarms.in_care", { of: who(alert.assigned_to) }),
    aside === null ? null : t("alarms.aside_until", { time: time(aside) }),
    over === null ? null : t("alarms.over_since", { time: moment(over, site) }),
    over === null && began !== null ? ago(began) : null,
  ];
  return (
    <p class="quiet">
      {late && <b class="late">{t("alarms.late")} </b>}
      {words.filter((word) => word !== null).join(" · ")}
      {alert.loses_seniority && <b> · {t("alerts.lost")}</b>}
    </p>
  );
}

/** "I look into it" by keyboard: asked once more, so that no stray key takes an alarm away. */
function Sure({ alert, onArm, onDone }: Pick<Props, "alert" | "onArm" | "onDone">) {
  const button = useRef<HTMLButtonElement>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  useLayoutEffect(() => button.current?.focus(), []);

  function acknowledge(): void {
    judgeAlert(alert.id, "acknowledged", "").then(
      () => {
        onArm(false);
        onDone();
      },
      (error: unknown) => {
        setWrong(error);
        onDone();
      },
    );
  }
  return (
    <div
      class="choices"
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation(); // else the desk closes too
        onArm(false);
      }}
    >
      {wrong === null && (
        <button ref={button} type="button" class="sure" onClick={acknowledge}>
          {t("alarms.acknowledge_sure")}
        </button>
      )}
      <button type="button" onClick={() => onArm(false)}>
        {t("alarms.not_now")}
      </button>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </div>
  );
}
