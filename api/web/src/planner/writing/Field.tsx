import { find, t } from "../../language";
import { placeName } from "../../parts/place";
import { decimal } from "../../time";
import type { SiteGate } from "../../types";
import type { FieldValue } from "../types";
import { fieldName, mayBeEmpty, type Placed, unitName } from "./fields";
import { ends, plain, within } from "./grid";

interface Props {
  field: Placed;
  gates: SiteGate[];
  onMove: (value: FieldValue) => void;
}

const choiceName = (one: string): string => find(`planner_choice.${one}`) ?? placeName(one);

export function Field({ field, gates, onMove }: Props) {
  const name = fieldName(field);
  if (field.kind === "choice") {
    const now = String(field.value ?? "");
    const choices = field.choices ?? gates.map(({ id }) => id);
    // What only the text can say stays to be seen.
    const all = choices.includes(now) ? choices : [...choices, now];
    return (
      <label class="field" data-path={field.at}>
        <span>{name}</span>
        <select
          value={now}
          onChange={({ currentTarget }) => onMove(currentTarget.value)}
        >
          {all.map((one) => (
            <option key={one} value={one} disabled={!choices.includes(one)}>
              {choiceName(one)}
            </option>
          ))}
        </select>
      </label>
    );
  }
  if (field.kind === "text") {
    return (
      <label class="field" data-path={field.at}>
        <span>{name}</span>
        <input
          value={String(field.value ?? "")}
          onChange={({ currentTarget }) => onMove(currentTarget.value)}
        />
      </label>
    );
  }
  return <NumberField field={field} name={name} onMove={onMove} />;
}

/** Twice what a value is, at least, can be reached where no highest value is named. */
function reach(value: number, least: number): number {
  const room = Math.max(10, 2 * (value - least));
  const power = 10 ** Math.floor(Math.log10(room));
  return least + Math.ceil(room / power) * power;
}

/** A slider for a hand, and beside it the number for whoever means exactly that. */
function NumberField({ field, name, onMove }: Omit<Props, "gates"> & { name: string }) {
  const isShare = field.kind === "share";
  const times = isShare ? 100 : 1;
  const value = typeof field.value === "number" ? field.value : null;
  const least = field.least ?? 0;
  const most = field.most ?? reach(value ?? 0, least);
  const step = plain((field.step ?? (isShare ? 0.01 : field.kind === "whole" ? 1 : 0.1)) * times);
  const bounded = { least: plain(least * times), most: plain(most * times) };
  const slider = ends(bounded, step);
  const unit = isShare ? "%" : unitName(field.unit);
  const shown = value === null ? "" : String(plain(value * times));

  function take(typed: string): void {
    if (typed.trim() === "") {
      if (mayBeEmpty(field.at)) onMove(null);
      return;
    }
    const next = Number(typed) / times;
    if (Number.isFinite(next)) onMove(plain(next));
  }

  const bounds = t("planner.bounds", {
    least: decimal(least * times, 0, 2),
    most: field.most === null ? "∞" : decimal(field.most * times, 0, 2),
  });
  return (
    <div class="field" data-path={field.at}>
      <span id={`name-${field.at}`}>{name}</span>
      <input
        type="range"
        aria-labelledby={`name-${field.at}`}
        aria-valuetext={`${shown} ${unit}`}
        min={slider.least}
        max={slider.most}
        step={step}
        value={shown === "" ? String(slider.least) : shown}
        onInput={({ currentTarget }) => take(String(within(currentTarget.valueAsNumber, bounded)))}
      />
      <input
        type="number"
        aria-labelledby={`name-${field.at}`}
        title={bounds}
        min={bounded.least}
        max={field.most === null ? undefined : bounded.most}
        step="any"
        value={shown}
        onChange={({ currentTarget }) => take(currentTarget.value)}
      />
      <span class="quiet unit">{unit}</span>
    </div>
  );
}
