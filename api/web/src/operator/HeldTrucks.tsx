import { t } from "../language";
import type { Held } from "../order";
import { clockTime, instant, wholeNumber } from "../time";

interface Props {
  held: Held[];
  timezone: string;
  onPick: (trip: number) => void;
}

/** Whose drivers were told to stay where they are, the longest first. */
export function HeldTrucks({ held, timezone, onPick }: Props) {
  if (held.length === 0) return null;
  return (
    <details class="held">
      <summary>{t("operator.held", { n: wholeNumber(held.length) })}</summary>
      <ul>
        {held.map((one) => (
          <li key={one.trip_id}>
            <button type="button" onClick={() => onPick(one.trip_id)}>
              <b>{one.plate}</b> {t(`operator.held_${one.kind}`)}
              <time>{clockTime(instant(one.at), timezone)}</time>
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
