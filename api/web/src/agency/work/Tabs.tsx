import { t } from "../../language";
import { stageName } from "../../parts/names";
import { wholeNumber } from "../../time";
import type { StageCount } from "../types";

const waiting = ({ ready, asked, refused, expired }: StageCount): number =>
  ready + asked + refused + expired;

interface Props {
  counts: readonly StageCount[];
  chosen: string | null;
  onChoose: (stage: string | null) => void;
}

/** The stages of a desk with what waits at each; what is ready to be decided stands first. */
export function Tabs({ counts, chosen, onChoose }: Props) {
  const all = counts.reduce((sum, one) => sum + waiting(one), 0);
  const more = (one: StageCount): string => (one.at_least ? "+" : "");
  return (
    <nav class="tabs" aria-label={t("agency.stages")}>
      <button type="button" aria-pressed={chosen === null} onClick={() => onChoose(null)}>
        {t("agency.all_stages")} <b>
          {wholeNumber(all)}
          {counts.map(more).find(Boolean)}
        </b>
      </button>
      {counts.map((one) => (
        <button
          type="button"
          key={one.stage}
          data-stage={one.stage}
          aria-pressed={chosen === one.stage}
          title={told(one)}
          onClick={() => onChoose(one.stage)}
        >
          {stageName(one.stage)} <b>
            {wholeNumber(one.ready)}
            {more(one)}
          </b>
          {waiting(one) > one.ready && <small>+{wholeNumber(waiting(one) - one.ready)}</small>}
        </button>
      ))}
    </nav>
  );
}

const STATES = ["ready", "asked", "refused", "expired"] as const;
const told = (one: StageCount): string =>
  STATES.filter((state) => one[state] > 0)
    .map((state) => `${t(`agency.state_${state}`)}: ${wholeNumber(one[state])}`)
    .join(" · ");
