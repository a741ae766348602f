import { t } from "../language";
import { clockTime, instant } from "../time";
import type { Site, TripEta } from "../types";
import { placeName } from "./alarms";

/** How much room is left before and after the interval, of its length. */
const MARGIN = 0.25;

/** When a truck is expected: the middle, and between which times nine of ten such trucks come. */
export function EtaBar({ eta, site }: { eta: TripEta; site: Site }) {
  const [p10, p50, p90] = [eta.p10, eta.p50, eta.p90].map((iso) => Date.parse(iso)) as [
    number,
    number,
    number,
  ];
  const room = Math.max(60_000, p90 - p10) * MARGIN;
  const share = (at: number): number => (100 * (at - p10 + room)) / (p90 - p10 + 2 * room);
  const time = (iso: string): string => clockTime(instant(iso), site.timezone);
  const words = { time: time(eta.p50), from: time(eta.p10), until: time(eta.p90) };
  return (
    <section class="eta" title={t("drawer.eta_hint")}>
      <p>
        {t("drawer.eta", { place: placeName(eta.place, site) })} <b>{words.time}</b>{" "}
        <span class="quiet">
          ({words.from}–{words.until})
        </span>
      </p>
      <div class="bar" role="img" aria-label={t("drawer.eta_between", words)}>
        <i style={{ left: `${share(p10)}%`, width: `${share(p90) - share(p10)}%` }} />
        <b style={{ left: `${share(p50)}%` }} />
      </div>
    </section>
  );
}
