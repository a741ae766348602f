import { find, t } from "../../language";
import { decimal } from "../../time";
import type { FieldValue } from "../types";
import { fieldName, type Placed, unitName } from "./fields";

interface Props {
  field: Placed;
  onMove: (value: FieldValue) => void;
}

export function Field({ field, onMove }: Props) {
  const name = fieldName(field);
  if (field.kind === "choice") {
    return (
      <label class="field" data-path={field.at}>
        <span>{name}</span>
        <select
          value={String(field.value ?? "")}
          onChange={({ currentTarget }) => onMove(currentTarget.value)}
        >
          {field.choices?.map((one) => (
            <option key={one} value={one}>
              {find(`planner_choice.${one}`) ?? one}
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
function NumberField({ field, name, onMove }: Props & { name: string }) {
  const isShare = field.kind === "share";
  const times = isShare ? 100 : 1;
  const value = typeof field.value === "number" ? field.value : null;
  const least = field.least ?? 0;
  const most = field.most ?? reach(value ?? 0, least);
  const step = field.step ?? (isShare ? 0.01 : field.kind === "whole" ? 1 : 0.1);
  const unit = isShare ? "%" : unitName(field.unit);
  // 0.07 times 100 is 7.000000000000001 to a computer.
  const shown = value === null ? "" : String(Number((value * times).toFixed(6)));

  function take(typed: string): void {
    if (typed.trim() === "") return;
    const next = Number(typed) / times;
    if (Number.isFinite(next)) onMove(Number(next.toFixed(8)));
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
        min={least * times}
        max={most * times}
        step={step * times}
        value={shown}
        onInput={({ currentTarget }) => take(currentTarget.value)}
      />
      <input
        type="number"
        aria-labelledby={`name-${field.at}`}
        title={bounds}
        min={least * times}
        max={field.most === null ? undefined : field.most * times}
        step="any"
        value={shown}
        onChange={({ currentTarget }) => take(currentTarget.value)}
      />
      <span class="quiet unit">{unit}</span>
    </div>
  );
}
