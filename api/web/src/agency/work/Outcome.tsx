import { t } from "../../language";
import { stageName } from "../../parts/names";
import { problem, refusalWords } from "../../parts/problem";
import type { Bulk, WorkRow } from "../types";

/** What became of what was asked last: done, or refused with why, truck by truck. */
export interface Told {
  bulk: Bulk | null;
  wrong: unknown;
  plates: ReadonlyMap<number, string>;
}

export const platesOf = (rows: readonly Pick<WorkRow, "trip" | "plate">[]): Map<number, string> =>
  new Map(rows.map(({ trip, plate }) => [trip, plate]));

interface Props {
  told: Told;
  onOpen: (trip: number) => void;
  onClose: () => void;
}

export function Outcome({ told: { bulk, wrong, plates }, onOpen, onClose }: Props) {
  return (
    <section class="told" role="status">
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {bulk && (
        <div>
          {bulk.done.length > 0 && <p class="good">{t("agency.done", { n: bulk.done.length })}</p>}
          {bulk.refused.length > 0 && (
            <>
              <p class="refusal">{t("agency.not_done", { n: bulk.refused.length })}</p>
              <ul class="refused">
                {bulk.refused.map((one) => (
                  <li key={`${one.trip} ${one.stage}`} data-trip={one.trip}>
                    <button type="button" class="link" onClick={() => onOpen(one.trip)}>
                      {plates.get(one.trip) ?? one.trip}
                    </button>{" "}
                    <small>{stageName(one.stage)}</small>{" "}
                    {refusalWords({ kind: one.kind, values: one.values, sentence: one.detail })}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
      )}
      <button type="button" onClick={onClose} aria-label={t("common.close")}>
        ×
      </button>
    </section>
  );
}
