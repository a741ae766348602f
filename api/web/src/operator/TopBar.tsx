import { nameOf, t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import { clockSeconds, instant, longDay } from "../time";
import type { Session, Site } from "../types";
import { AlarmSound } from "./AlarmSound";
import { Age } from "./Age";
import type { LiveLine } from "./live";
import { Search } from "./Search";
import { type Desk, desksOf, type View, viewsOf, watches } from "./views";

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
  /** Whether the boards stand beside the map. */
  boards: boolean;
  onBoards: () => void;
  onWall: () => void;
  onPick: (id: number) => void;
  onLeave: () => void;
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
        <Help screen="console" />
        <LanguageSwitch />
        <ThemeSwitch />
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
        {watches(session) && <AlarmSound picture={picture} />}
        {view !== "zones" && (
          <button
            type="button"
            class="boards-switch"
            aria-expanded={props.boards}
            onClick={props.onBoards}
          >
            {t(props.boards ? "operator.boards_hide" : "operator.boards_show")}
          </button>
        )}
        <button type="button" class="to-wall" onClick={props.onWall}>
          {t("operator.wall")}
        </button>
      </nav>
    </header>
  );
}
