import { t } from "../language";
import { useTick } from "../parts/useTick";
import { clockSeconds, instant } from "../time";
import type { LiveLine } from "./live";

/** Data older than this is no longer called live; one event comes each second. */
const OLD_S = 5;

/** How old what is shown is, and that the line has dropped where it has. */
export function Age({ line, timezone }: { line: LiveLine; timezone: string }) {
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
