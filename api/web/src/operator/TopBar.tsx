import { nameOf, t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { useTick } from "../parts/useTick";
import { clockSeconds, instant, longDay } from "../time";
import type { Session, Site } from "../types";
import type { LiveLine } from "./live";
import { Search } from "./Search";
import { type Desk, desksOf, type View, viewsOf } from "./views";

/** Data older than this is no longer called live; one event comes each second. */
const OLD_S = 5;

interface Props {
  site: Site;
  session: Session;
  line: LiveLine;
  view: View;
  onView: (view: View) => void;
  desk: Desk | null;
  onDesk: (desk: Desk) => void;
  /** What waits for somebody at each desk. */
  counts: Record<Desk, number>;
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
  const { site, session, line, view, onView, desk, onDesk, counts, onPick, onLeave } = props;
  const picture = line.picture.value;
  const at = picture ? instant(picture.at) : null;
  return (
    <header class="top">
      <div class="where">
        <h1>
          <strong>{t("common.product")}</strong> {nameOf(site.name)}
        </h1>
        <div class="clock" title={t("operator.local_time")}>
          <time>{at ? clockSeconds(at, site.timezone) : "--:--:--"}</time>
          <span>{at ? longDay(at, site.timezone) : t("operator.local_time")}</span>
        </div>
        <Age line={line} timezone={site.timezone} />
        <Search line={line} onPick={onPick} />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </div>
      <nav>
        <span class="views">
          {viewsOf(session).map((one) => (
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
        {desksOf(session).map((one) => (
          <button
            type="button"
            key={one}
            class="to-desk"
            data-desk={one}
            aria-pressed={one === desk}
            onClick={() => onDesk(one)}
          >
            {t(`operator.desk_${one}`)}{" "}
            <b class={counts[one] > 0 ? "some" : ""}>{counts[one] || ""}</b>
          </button>
        ))}
      </nav>
    </header>
  );
}
