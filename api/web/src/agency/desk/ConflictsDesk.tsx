import { t } from "../../language";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import type { Session, Site } from "../../types";
import { Conflicts } from "../trip/Conflicts";
import { listConflicts } from "../trip/declaration";
import { open } from "../views";
import { deskOf } from "../work/WorkList";

const AGAIN_MS = 8_000;

/** Every open contradiction between what was declared and what another system says. */
export function ConflictsDesk({ session, site }: { session: Session; site: Site }) {
  const { answer, wrong, again } = useAsked(listConflicts, AGAIN_MS, []);
  return (
    <section class="sheet">
      <h2>{t("agency.conflicts")}</h2>
      <p class="quiet">{t("agency.conflicts_hint")}</p>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {answer?.length === 0 && <p class="nothing">{t("agency.no_conflicts")}</p>}
      <Conflicts
        conflicts={answer ?? []}
        timezone={site.timezone}
        mayDecide={deskOf(session) !== null}
        onDecided={again}
        onOpen={open}
      />
    </section>
  );
}
