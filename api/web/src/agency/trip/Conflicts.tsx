import { useState } from "preact/hooks";
import { t } from "../../language";
import { siteMoment } from "../../parts/account/moments";
import { factName, fieldName } from "../../parts/names";
import { problem } from "../../parts/problem";
import { type Conflict, decideConflict } from "./declaration";

interface Props {
  conflicts: readonly Conflict[];
  timezone: string;
  mayDecide: boolean;
  onDecided: () => void;
  /** Opens a conflict's truck, in a list of several trucks. */
  onOpen?: (trip: number) => void;
}

const said = ({ field }: Conflict, value: Conflict["ours"]): string =>
  value === null ? t("common.none") : factName(field, value);

/** Where another system says another thing than was declared: a person decides, each time. */
export function Conflicts({ conflicts, timezone, mayDecide, onDecided, onOpen }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  function decide(id: number, take: boolean): void {
    setWrong(null);
    decideConflict(id, take).then(onDecided, (error: unknown) => {
      setWrong(error);
      onDecided();
    });
  }
  return (
    <>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <ul class="conflicts">
        {conflicts.map((one) => (
          <li key={one.id} data-conflict={one.id}>
            {onOpen && (
              <button type="button" class="link" onClick={() => onOpen(one.trip)}>
                {one.plate}
              </button>
            )}
            <b>{fieldName(one.field)}</b>
            <span>
              {t("agency.ours")} <q>{said(one, one.ours)}</q>
            </span>
            <span>
              {one.source} <q>{said(one, one.theirs)}</q>{" "}
              <small>{siteMoment(one.at, timezone)}</small>
            </span>
            {mayDecide && (
              <span class="buttons">
                <button type="button" onClick={() => decide(one.id, false)}>
                  {t("agency.keep")}
                </button>
                <button type="button" class="main" onClick={() => decide(one.id, true)}>
                  {t("agency.take")}
                </button>
              </span>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
