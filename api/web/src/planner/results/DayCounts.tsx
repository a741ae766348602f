import { nameOf, t } from "../../language";
import { Mark } from "../../operator/Mark";
import { wholeNumber } from "../../time";
import type { Site, TruckState } from "../../types";
import type { Counts } from "./stagecraft";

const PLACES: readonly (readonly ["road" | "queue" | "lane", TruckState])[] = [
  ["road", "released"],
  ["queue", "queued"],
  ["lane", "in_lane"],
];

/** How many trucks stand where at the moment shown: the map in figures. */
export function DayCounts({ counts, site }: { counts: Counts; site: Site }) {
  return (
    <aside class="counts" aria-label={t("planner.counts")}>
      {site.gates.map(({ id, name }) => {
        const here = counts.gates[id];
        return (
          here && (
            <dl key={id} data-counts={id}>
              <dt>{nameOf(name)}</dt>
              {PLACES.map(([place, state]) => (
                <dd key={place} data-place={place}>
                  <span>
                    <Mark state={state} /> {t(`planner.stage_${place}`)}
                  </span>
                  <b>{wholeNumber(here[place])}</b>
                </dd>
              ))}
              <dd data-place="imports">
                <span>{t("planner.imports_queued")}</span>
                <b>{wholeNumber(here.imports)}</b>
              </dd>
              <dd data-place="cleared">
                <span>{t("planner.stage_cleared")}</span>
                <b>{wholeNumber(here.cleared)}</b>
              </dd>
            </dl>
          )
        );
      })}
      <dl>
        <dt>
          <Mark state="staged" /> {t("planner.stage_yard")}
        </dt>
        {site.yards.map(({ id, name }) => {
          const n = counts.yards[id];
          return (
            n !== undefined && (
              <dd key={id} data-yard={id}>
                <span>{nameOf(name)}</span>
                <b>{wholeNumber(n)}</b>
              </dd>
            )
          );
        })}
        {counts.turned > 0 && (
          <dd data-place="turned">
            <span>{t("planner.stage_turned")}</span>
            <b>{wholeNumber(counts.turned)}</b>
          </dd>
        )}
      </dl>
    </aside>
  );
}
