import { t } from "../../language";
import type { Origin as Kind } from "../types";

/** By what a word came: a drawing and its name, for a hand and a satellite weigh differently. */
export function Origin({ of }: { of: Kind }) {
  return (
    <span class={`origin of-${of}`} title={t(`agency.origin_${of}`)}>
      <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
        <path d={DRAWN[of]} fill="none" stroke="currentColor" stroke-width="1.4" />
      </svg>
      {t(`agency.origin_${of}`)}
    </span>
  );
}

const DRAWN: Record<Kind, string> = {
  hand: "M8 8a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14.5c.5-3.5 2.7-5 5.5-5s5 1.5 5.5 5",
  system: "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5ZM8 1v3M8 12v3M1 8h3M12 8h3M3 3l2 2M11 11l2 2M13 3l-2 2M5 11l-2 2",
  visit: "M8 14.5C4.5 10.5 3 8.4 3 6a5 5 0 0 1 10 0c0 2.4-1.5 4.5-5 8.5ZM8 7.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
  camera: "M1.5 4.5h3l1-2h5l1 2h3v9h-13ZM8 11.5a2.700 2.700 0 1 0 0-5.400 2.700 2.700 0 0 0 0 5.400Z",
  payment: "M1.5 3.5h13v9h-13ZM1.5 6.5h13M4 10h3",
  partner: "M6 10l4-4M7 4.5l2-2a3 3 0 0 1 4.5 4.5l-2 2M9 11.5l-2 2A3 3 0 0 1 2.5 9l2-2",
};
