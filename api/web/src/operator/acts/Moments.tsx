import { t } from "../../language";
import { fromLocal, toLocal } from "../../time";
import { MomentInput } from "../MomentInput";
import { heard } from "./heard";

const QUARTER_MS = 900_000;

/** A moment that may be left open: now, or until somebody ends it. */
export interface Chosen {
  timed: boolean;
  local: string;
}

/** The next quarter of an hour that lies `ms` ahead, as local time. */
export function soon(ms: number, timezone: string): string {
  const now = (heard.value?.now ?? new Date()).getTime();
  return toLocal(new Date(Math.ceil((now + ms) / QUARTER_MS) * QUARTER_MS), timezone);
}

export const iso = (local: string, timezone: string): string =>
  fromLocal(local, timezone).toISOString();

interface Props {
  /** For radio buttons that belong together. */
  id: string;
  name: string;
  /** What leaving it open means. */
  open: string;
  chosen: Chosen;
  timezone: string;
  onChoose: (chosen: Chosen) => void;
}

/** Open, or a day and a time. */
export function OpenMoment({ id, name, open, chosen, timezone, onChoose }: Props) {
  return (
    <fieldset class={id}>
      <legend>{name}</legend>
      {[false, true].map((timed) => (
        <label key={String(timed)}>
          <input
            type="radio"
            name={id}
            checked={chosen.timed === timed}
            onChange={() => onChoose({ ...chosen, timed })}
          />
          {timed ? t("act.at") : open}
        </label>
      ))}
      {chosen.timed && (
        <FixedMoment
          name={name}
          local={chosen.local}
          timezone={timezone}
          onChange={(local) => onChoose({ ...chosen, local })}
        />
      )}
    </fieldset>
  );
}

interface FixedProps {
  name: string;
  local: string;
  timezone: string;
  onChange: (local: string) => void;
}

/** A day and a time. */
export function FixedMoment({ name, local, timezone, onChange }: FixedProps) {
  const today = toLocal(heard.value?.now ?? new Date(), timezone).slice(0, 10);
  return <MomentInput name={name} value={local} today={today} onChange={onChange} />;
}
