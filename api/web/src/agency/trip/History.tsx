import { t } from "../../language";
import { clockTime, dayMonth, instant } from "../../time";
import type { Moment } from "./history";
import { inOrder } from "./history";
import { Origin } from "./Origin";

interface Props {
  moments: readonly Moment[];
  timezone: string;
}

/** All that happened to a trip, whoever said it and however it was learnt, the newest first. */
export function History({ moments, timezone }: Props) {
  let day = "";
  return (
    <section class="past">
      <h2>{t("agency.history")}</h2>
      {moments.length === 0 && <p class="quiet">{t("drawer.nothing")}</p>}
      <ol>
        {inOrder(moments).map((one) => {
          const at = instant(one.at);
          const here = dayMonth(at, timezone);
          const isNew = here !== day;
          day = here;
          return (
            <li key={one.key} class={`${one.kind} ${one.tone}`}>
              {isNew && <h3>{here}</h3>}
              <time dateTime={one.at}>{clockTime(at, timezone)}</time>
              <p>
                {one.title}
                {one.origin && (
                  <>
                    {" "}
                    <Origin of={one.origin} />
                  </>
                )}
                {one.more && <small>{one.more}</small>}
              </p>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
