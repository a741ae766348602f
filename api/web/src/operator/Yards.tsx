import { nameOf, t } from "../language";
import { wholeNumber } from "../time";
import type { SiteYard, YardLive } from "../types";
import { loadColour } from "./palette";

export function Yards({ yards, live }: { yards: SiteYard[]; live: YardLive[] }) {
  return (
    <section class="yards">
      <h2>{t("operator.yards")}</h2>
      <ul>
        {yards.map((yard) => {
          const now = live.find((one) => one.id === yard.id);
          if (!now) return null;
          const share = now.capacity > 0 ? now.occupancy / now.capacity : 0;
          return (
            <li key={yard.id} data-yard={yard.id}>
              <p title={nameOf(yard.name)}>{nameOf(yard.name)}</p>
              <b>
                {wholeNumber(now.occupancy)}{" "}
                <small>
                  / {t("operator.places", { capacity: wholeNumber(now.capacity) })}
                </small>
              </b>
              <div class="bar">
                <i
                  style={{
                    width: `${Math.min(100, 100 * share)}%`,
                    background: loadColour(share),
                  }}
                />
              </div>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
