import { useEffect, useState } from "preact/hooks";
import { listAlerts } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import type { Alert, Site } from "../types";
import { AlertCard } from "./AlertCard";

/** Alerts are looked for once a minute; somebody else may judge one at any moment. */
const ASK_AGAIN_MS = 10_000;

interface Props {
  site: Site;
  /** How many wait, by the live picture: a change is a reason to ask at once. */
  waiting: number;
  onShow: (trip: number) => void;
  onClose: () => void;
}

const isOpen = (alert: Alert): boolean =>
  alert.state === "open" || alert.state === "acknowledged";

export function Alerts({ site, waiting, onShow, onClose }: Props) {
  const [alerts, setAlerts] = useState<Alert[] | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [all, setAll] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const [asked, setAsked] = useState(0);

  useEffect(() => {
    let current = true;
    const ask = (): void => {
      listAlerts().then(
        (answer) => current && (setAlerts(answer), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    };
    ask();
    const timer = setInterval(ask, ASK_AGAIN_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [waiting, asked]);

  const shown = (alerts ?? []).filter((alert) => all || isOpen(alert));
  return (
    <aside class="drawer alerts" aria-label={t("alerts.title")}>
      <header>
        <h2>{t("alerts.title")}</h2>
        <button type="button" aria-label={t("common.close")} onClick={onClose}>
          ✕
        </button>
      </header>
      <span class="views">
        <button type="button" aria-pressed={!all} onClick={() => setAll(false)}>
          {t("alerts.open")}
        </button>
        <button type="button" aria-pressed={all} onClick={() => setAll(true)}>
          {t("alerts.all")}
        </button>
      </span>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {!alerts && wrong === null && <p class="quiet">{t("common.loading")}</p>}
      {alerts && shown.length === 0 && <p class="quiet">{t("alerts.none")}</p>}
      <ul>
        {shown.map((alert) => (
          <AlertCard
            key={alert.id}
            alert={alert}
            site={site}
            open={chosen === alert.id}
            onToggle={() => setChosen(chosen === alert.id ? null : alert.id)}
            onShow={onShow}
            onJudged={() => setAsked(asked + 1)}
          />
        ))}
      </ul>
    </aside>
  );
}
