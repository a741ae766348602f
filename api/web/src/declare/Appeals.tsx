import { find, t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { listAppeals } from "./api";
import type { Place } from "./Declare";
import { FairUseSaid } from "./FairUse";

const AGAIN_MS = 60_000;

/** The rules of fair use as they stand for this haulier, and what was appealed against. */
export function Appeals({ place }: { place: Place }) {
  const { answer, wrong } = useAsked(listAppeals, AGAIN_MS, []);
  return (
    <div class="appeals">
      <FairUseSaid plate="" device="" place={place} />
      <section class="panel">
        <h2>{t("declare.tab_appeals")}</h2>
        <p class="quiet">{t("declare.appeal_hint")}</p>
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        {answer?.length === 0 && <p class="nothing">{t("declare.no_appeals")}</p>}
        <ul>
          {answer?.map((one) => (
            <li key={one.id} data-state={one.state}>
              <p>{one.words}</p>
              <small>
                {[
                  one.plate,
                  siteMoment(one.made_at, place.site.timezone),
                  find(`declare_appeal.${one.state}`) ?? one.state,
                ].join(" · ")}{" "}
                {one.trip !== null && (
                  <a href={`#trip/${one.trip}`}>{t("declare.its_trip")}</a>
                )}
              </small>
              {one.answer && <p class="note">{one.answer}</p>}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
