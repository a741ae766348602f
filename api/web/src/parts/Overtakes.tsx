import { find, t } from "../language";
import { wholeNumber } from "../time";

interface Props {
  title: string;
  /** Pairs of trucks by reason code. */
  counts: Record<string, number>;
}

/** How often a truck went before one that was there earlier, by the rule that let it. */
export function Overtakes({ title, counts }: Props) {
  const reasons = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return (
    <div class="overtakes">
      <p>{title}</p>
      {reasons.length === 0 && <p>{t("overtake.none")}</p>}
      <ul>
        {reasons.map(([reason, n]) => (
          <li key={reason} data-reason={reason}>
            <b>{wholeNumber(n)}</b>{" "}
            {
              // A reason the catalogue does not know yet must not take the page away.
              find(`overtake.${reason}`) ?? t("overtake.other")
            }
          </li>
        ))}
      </ul>
    </div>
  );
}
