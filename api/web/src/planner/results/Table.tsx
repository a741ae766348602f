import { useEffect, useState } from "preact/hooks";
import { find, t } from "../../language";
import { problem } from "../../parts/problem";
import { compareRuns } from "../api";
import type { Comparison, Difference, Interval, Unit } from "../types";
import { measureName, rankOf, tone, TELLING } from "./measures";
import { between, change, isSure, quantity } from "./quantity";
import { RunName } from "./RunName";
import type { Shown } from "./shown";

type Row = Comparison["measures"][number];

/** One run stands for itself; several are held against the first, by the server. */
function alone({ result, id, label }: Shown): Comparison {
  return {
    runs: [{ id, label }],
    measures: Object.entries(result.measures).map(([key, { unit, ...value }]) => ({
      key,
      unit,
      values: [value],
      differences: [null],
    })),
  };
}

/** Every measure with how sure it is, and what differs from the first run beyond chance. */
export function Table({ shown }: { shown: Shown[] }) {
  const [compared, setCompared] = useState<Comparison | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [all, setAll] = useState(false);
  const [first] = shown;

  useEffect(() => {
    let current = true;
    setWrong(null);
    if (shown.length === 1 && first) setCompared(alone(first));
    else {
      compareRuns(shown.map(({ id }) => id)).then(
        (found) => current && setCompared(found),
        (error: unknown) => current && setWrong(error),
      );
    }
    return () => {
      current = false;
    };
  }, [shown]);

  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!compared || compared.runs.length !== shown.length) {
    return <p class="quiet">{t("common.loading")}</p>;
  }
  const rows = [...compared.measures].sort((a, b) => rankOf(a.key) - rankOf(b.key));
  const telling = rows.filter((row) => TELLING.includes(row.key) && !isNothing(row));
  const drawn = all ? rows : telling;
  return (
    <section class="measures" data-measures={drawn.length}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("planner.measure")}</th>
            {shown.map((one, n) => (
              <th scope="col" key={one.id}>
                <RunName run={n} label={one.label} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {drawn.map((row) => (
            <tr key={row.key} data-measure={row.key}>
              <th scope="row">{measureName(row.key)}</th>
              {row.values.map((value, n) => (
                <Cell key={n} row={row} value={value} difference={row.differences[n] ?? null} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="quiet">
        {t("planner.interval_hint")}
        {shown.length > 1 && ` ${t(isPaired(rows) ? "planner.paired_hint" : "planner.unpaired_hint")}`}
      </p>
      {rows.length > telling.length && (
        <button type="button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("planner.fewer_measures") : t("planner.all_measures", { n: rows.length })}
        </button>
      )}
    </section>
  );
}

/** What never happened in any run says nothing beside the others. */
const isNothing = ({ values }: Row): boolean => values.every((one) => !one?.mean);

const isPaired = (rows: readonly Row[]): boolean =>
  rows.every(({ differences }) => differences.every((one) => one === null || one.paired));

interface CellProps {
  row: Row;
  value: Interval | null;
  difference: Difference | null;
}

function Cell({ row: { key, unit }, value, difference }: CellProps) {
  return (
    <td>
      <b>{quantity(value?.mean ?? null, unit)}</b>
      <small class="quiet">{value && between(value, unit, quantity)}</small>
      {difference !== null && difference.mean !== null && (
        <Against measure={key} unit={unit} difference={difference} />
      )}
    </td>
  );
}

interface AgainstProps {
  measure: string;
  unit: Unit;
  difference: Difference;
}

function Against({ measure, unit, difference }: AgainstProps) {
  const sure = isSure(difference);
  const range = between(difference, unit, change);
  const words = find(difference.paired ? "planner.paired" : "planner.unpaired") ?? "";
  return (
    <span
      class={`against ${sure ? tone(measure, difference.mean ?? 0) : "unsure"}`}
      title={`${words} ${range}`}
      data-sure={sure}
    >
      {sure ? change(difference.mean, unit) : t("planner.no_difference")}
      {range !== "" && <small>{range}</small>}
    </span>
  );
}
