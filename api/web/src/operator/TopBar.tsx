import { nameOf, t } from "../language";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { LeaveButton } from "../parts/LeaveButton";
import { useTick } from "../parts/useTick";
import { clockSeconds, instant, longDay } from "../time";
import type { Session, Site } from "../types";
import type { LiveLine } from "./live";
import { Search } from "./Search";

/** Data older than this is no longer called live; one event comes each second. */
const OLD_S = 5;

export const VIEWS = ["map", "corridor"] as const;
export type View = (typeof VIEWS)[number];

interface Props {
  site: Site;
  session: Session;
  line: LiveLine;
  view: View;
  onView: (view: View) => void;
  /** Null for those who may not see alerts. */
  onAlerts: (() => void) | null;
  /** Null for those who may not see messages; how many were given up. */
  onMessages: (() => void) | null;
  dead: number;
  onPick: (id: number) => void;
  onLeave: () => void;
}

function Age({ line, timezone }: { line: LiveLine; timezone: string }) {
  const wall = useTick(1000);
  const heard = line.heardAt.value;
  const picture = line.picture.value;
  if (heard === null || !picture) {
    return <span class="age waiting">{t("operator.connecting")}</span>;
  }
  const n = Math.max(0, Math.round((wall - heard) / 1000));
  if (!line.up.value || n > OLD_S) {
    const time = clockSeconds(instant(picture.at), timezone);
    return (
      <span class="age lost" role="alert">
        {t("operator.line_lost", { time, n })}
      </span>
    );
  }
  return <span class="age live">{t("operator.age", { n })}</span>;
}

export function TopBar(props: Props) {
  const { site, session, line, view, onView, onAlerts, onMessages, dead, onPick, onLeave } = props;
  const picture = line.picture.value;
  const at = picture ? instant(picture.at) : null;
  return (
    <header class="top">
      <h1>
        <strong>{t("common.product")}</strong> {nameOf(site.name)}
      </h1>
      <div class="clock" title={t("operator.local_time")}>
        <time>{at ? clockSeconds(at, site.timezone) : "--:--:--"}</time>
        <span>{at ? longDay(at, site.timezone) : t("operator.local_time")}</span>
      </div>
      <Age line={line} timezone={site.timezone} />
      <span class="views">
        {VIEWS.map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={one === view}
            onClick={() => onView(one)}
          >
            {t(`operator.view_${one}`)}
          </button>
        ))}
      </span>
      {onAlerts && (
        <button type="button" class="bell" onClick={onAlerts}>
          {t("alerts.title")} <b class={picture?.alerts ? "some" : ""}>{picture?.alerts ?? ""}</b>
        </button>
      )}
      {onMessages && (
        <button type="button" class="inbox" data-desk="messages" onClick={onMessages}>
          {t("sms_desk.title")} <b class={dead > 0 ? "some" : ""}>{dead > 0 && dead}</b>
        </button>
      )}
      <Search line={line} onPick={onPick} />
      <LanguageSwitch />
      <LeaveButton session={session} onLeave={onLeave} />
    </header>
  );
}
