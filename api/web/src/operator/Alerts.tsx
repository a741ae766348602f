import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { listAlerts } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import type { Alert, Session, Severity, Site } from "../types";
import { AlertCard } from "./AlertCard";
import { FILTERS, type Filter, isFor, isOpen, SEVERITIES } from "./alarms";
import "./alarms.css";
import { DrawerHead } from "./DrawerHead";
import type { Picture } from "./live";

/** Alerts are looked for once a minute; the live line says when somebody changed one. */
const ASK_AGAIN_MS = 30_000;

interface Props {
  site: Site;
  session: Session;
  picture: Picture | null;
  onShow: (trip: number) => void;
  onClose: () => void;
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLInputElement ||
  target instanceof HTMLTextAreaElement ||
  target instanceof HTMLSelectElement;

export function Alerts({ site, session, picture, onShow, onClose }: Props) {
  const [all, setAll] = useState(false);
  const [filter, setFilter] = useState<Filter>("everybody");
  const [chosen, setChosen] = useState<number | null>(null);
  /** The alert that a key would acknowledge, once it is pressed again. */
  const [armed, setArmed] = useState<number | null>(null);
  const box = useRef<HTMLElement>(null);
  const mark = picture?.marks?.alerts;
  const asked = useAsked(() => listAlerts(!all), ASK_AGAIN_MS, [all], mark);
  const shown = (asked.answer ?? []).filter((one) => isFor(one, filter, session.account));
  const groups = SEVERITIES.map(
    (severity) => [severity, shown.filter((one) => one.severity === severity)] as const,
  ).filter(([, alerts]) => alerts.length > 0);

  function move(steps: number): void {
    const heads = [...(box.current?.querySelectorAll<HTMLElement>(".alert .head") ?? [])];
    const at = heads.findIndex((one) => one.closest(".alert")?.contains(document.activeElement));
    const next = heads[Math.min(Math.max(at + steps, 0), heads.length - 1)];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  useLayoutEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "j") move(1);
      else if (event.key === "k") move(-1);
      else if (event.key === "a") {
        const card = document.activeElement?.closest<HTMLElement>("[data-alert]");
        if (card) setArmed(Number(card.dataset["alert"]));
      } else return;
      event.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);

  return (
    <aside class="drawer alerts" ref={box} aria-label={t("alerts.title")}>
      <DrawerHead title={t("alerts.title")} onClose={onClose} />
      <div class="filters">
        <span class="views">
          {FILTERS.map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={filter === one}
              onClick={() => setFilter(one)}
            >
              {t(`alarms.filter_${one}`)}
            </button>
          ))}
        </span>
        <label class="switch">
          <input
            type="checkbox"
            name="settled"
            checked={all}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
          {t("alarms.settled_too")}
        </label>
      </div>
      {asked.wrong !== null && <p class="refusal">{problem(asked.wrong)}</p>}
      {!asked.answer && asked.wrong === null && <p class="quiet">{t("common.loading")}</p>}
      {asked.answer && shown.length === 0 && <p class="quiet">{t("alerts.none")}</p>}
      {groups.map(([severity, alerts]) => (
        <Group key={severity} severity={severity} alerts={alerts}>
          {(alert) => (
            <AlertCard
              key={alert.id}
              alert={alert}
              site={site}
              session={session}
              now={picture?.at ?? null}
              open={chosen === alert.id}
              armed={armed === alert.id}
              onArm={(on) => setArmed(on ? alert.id : null)}
              onToggle={() => setChosen(chosen === alert.id ? null : alert.id)}
              onShow={onShow}
              onDone={asked.again}
            />
          )}
        </Group>
      ))}
      {shown.some(isOpen) && <p class="quiet keys">{t("alarms.keys")}</p>}
    </aside>
  );
}

interface GroupProps {
  severity: Severity;
  alerts: Alert[];
  children: (alert: Alert) => preact.JSX.Element;
}

function Group({ severity, alerts, children }: GroupProps) {
  return (
    <section class="group" aria-label={t(`alarms.group_${severity}`)}>
      <h3>
        {t(`alarms.group_${severity}`)} <b>{alerts.length}</b>
      </h3>
      <ul>{alerts.map(children)}</ul>
    </section>
  );
}
