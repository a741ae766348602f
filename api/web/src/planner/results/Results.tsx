import { useEffect, useMemo, useState } from "preact/hooks";
import { type Key, language, t } from "../../language";
import { lazily } from "../../parts/lazily";
import { problem } from "../../parts/problem";
import type { Site } from "../../types";
import { address, go, PICTURES } from "../address";
import { failure, isOver, load, loaded, runs, settles } from "../runs";
import type { Run } from "../types";
import { Asked } from "./Asked";
import { Export } from "./Export";
import { Notes } from "./Notes";
import { Queues } from "./Queues";
import { type Shown, shownOf } from "./shown";
import { Slots } from "./Slots";
import { Table } from "./Table";
import { Waits } from "./Waits";
import { Ways } from "./Ways";

interface Props {
  shown: Shown[];
  site: Site;
}

const Day = lazily<Props>(() => import("./Day").then(({ Day: day }) => day));

/** What came out of the runs that are compared, one picture at a time. */
export function Results({ site }: { site: Site }) {
  const { runs: chosen, picture } = address.value;
  const wrong = useLoading(chosen);
  const found = chosen.flatMap((id) => loaded.value.get(id) ?? []);
  const spoken = language.value;
  // Anew only when other results are shown: charts are not drawn again while a list is asked for.
  const which = found.map(({ id, state, digest }) => `${id} ${state} ${digest}`).join();
  const shown = useMemo(() => shownOf(found), [which, spoken]);

  if (chosen.length === 0) return <p class="empty">{t("planner.choose_runs")}</p>;
  return (
    <>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <p class="visually-hidden" role="status">
        {t("planner.results_ready", { n: shown.length })}
      </p>
      <header class="results-head">
        <Pictures />
        <Export shown={shown} />
      </header>
      <Unfinished found={found} />
      {shown.length > 0 && (
        <div class="result" data-shown={shown.map(({ id }) => id).join()} data-picture={picture}>
          {picture !== "map" && <Notes shown={shown} />}
          <Shown shown={shown} site={site} />
          <Asked shown={shown} />
        </div>
      )}
    </>
  );
}

/**
 * Load what is chosen, and again what went on meanwhile, until it is over. What a cancelled run had
 * finished comes a moment after it is over.
 */
function useLoading(chosen: readonly number[]): unknown {
  const [wrong, setWrong] = useState<unknown>(null);
  const listed = chosen.map((id) => runs.value?.find((run) => run.id === id));
  const states = listed.map((run) => (run ? `${run.state} ${run.digest}` : ""));
  useEffect(() => {
    setWrong(null);
    chosen.forEach((id, n) => {
      const known = loaded.value.get(id);
      const digest = listed[n]?.digest ?? null;
      if (!known || !isOver(known) || (digest !== null && digest !== known.digest)) {
        load(id).catch(setWrong);
      }
    });
  }, [chosen.join(), states.join()]);
  return wrong;
}

function Pictures() {
  return (
    <span class="views" role="group" aria-label={t("planner.pictures")}>
      {PICTURES.map((one) => (
        <button
          type="button"
          key={one}
          aria-pressed={one === address.value.picture}
          onClick={() => go({ picture: one })}
        >
          {t(`planner.picture_${one}`)}
        </button>
      ))}
    </span>
  );
}

function Unfinished({ found }: { found: readonly Run[] }) {
  const waits = found.filter((run) => run.result === null);
  return (
    <>
      {waits.map((run) => (
        <p key={run.id} class={run.state === "failed" ? "refusal" : "quiet pending"}>
          {run.state === "failed" ? failure(run) : t(whyNot(run), { n: run.id })}
        </p>
      ))}
    </>
  );
}

function whyNot(run: Run): Key {
  if (run.state !== "cancelled") return "planner.goes_on";
  return run.done > 0 && settles(run) ? "planner.settling" : "planner.cancelled_n";
}

function Shown({ shown, site }: Props) {
  switch (address.value.picture) {
    case "table":
      return <Table shown={shown} />;
    case "time":
      return <Queues shown={shown} site={site} />;
    case "waits":
      return <Waits shown={shown} />;
    case "slots":
      return <Slots shown={shown} site={site} />;
    case "ways":
      return <Ways shown={shown} site={site} />;
    case "map":
      return <Day shown={shown} site={site} />;
  }
}
