import { nameOf, t } from "../language";
import { wholeNumber } from "../time";
import type { SiteYard, YardLive } from "../types";
import { loadColour } from "./palette";

/** Every yard: how full it is, who came and went over the last hour, and who is to leave soon. */
export function Yards({ yards, live }: { yards: SiteYard[]; live: YardLive[] }) {
  return (
    <section class="yards">
      <h2>{t("operator.yards")}</h2>
      <ul>
        {yards.map((yard) => {
          const now = live.find((one) => one.id === yard.id);
          return now && <Row key={yard.id} yard={yard} now={now} />;
        })}
      </ul>
    </section>
  );
}

function Row({ yard, now }: { yard: SiteYard; now: YardLive }) {
  const share = now.capacity > 0 ? now.occupancy / now.capacity : 0;
  return (
    <li data-yard={yard.id}>
      <p title={nameOf(yard.name)}>{nameOf(yard.name)}</p>
      <b>
        {wholeNumber(now.occupancy)}{" "}
        <small>/ {t("operator.places", { capacity: wholeNumber(now.capacity) })}</small>
      </b>
      <div class="bar">
        <i style={{ width: `${Math.min(100, 100 * share)}%`, background: loadColour(share) }} />
      </div>
      <small class="flow">
        <span title={t("operator.entered_left")}>
          {t("operator.entered_left")}{" "}
          <b>
            +{wholeNumber(now.entered)} / −{wholeNumber(now.left)}
          </b>
        </span>
        <span title={t("operator.due_hint")}>
          {t("operator.due")} <b>{wholeNumber(now.due)}</b>
        </span>
      </small>
    </li>
  );
}
