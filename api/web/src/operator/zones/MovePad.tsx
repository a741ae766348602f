import { useState } from "preact/hooks";
import { t } from "../../language";
import type { Drawn } from "./api";
import { moved } from "./shapes";
import type { DraftStore } from "./store";

const STEPS_M = [1, 5, 25, 100] as const;
const WAYS = [
  ["west", "←", -1, 0],
  ["north", "↑", 0, 1],
  ["south", "↓", 0, -1],
  ["east", "→", 1, 0],
] as const;
const OF_KEY: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
  ArrowRight: [1, 0],
};

/** Moves the zone by metres: with its buttons, or by arrows while one of them is focused. */
export function MovePad({ zone, store }: { zone: Drawn; store: DraftStore }) {
  const [step, setStep] = useState<number>(5);
  const move = (east: number, north: number): void =>
    store.reshape(zone.properties.id, moved(zone.geometry, east * step, north * step));
  return (
    <fieldset
      class="move"
      onKeyDown={(event) => {
        const way = OF_KEY[event.key];
        if (!way || event.target instanceof HTMLSelectElement) return;
        event.preventDefault();
        move(...way);
      }}
    >
      <legend>{t("zone_editor.move")}</legend>
      {WAYS.map(([word, sign, east, north]) => (
        <button
          type="button"
          key={word}
          data-way={word}
          aria-label={`${t("zone_editor.move")}: ${t(`zone_editor.${word}`)}`}
          onClick={() => move(east, north)}
        >
          {sign}
        </button>
      ))}
      <select
        aria-label={t("zone_editor.step")}
        value={step}
        onChange={(event) => setStep(Number(event.currentTarget.value))}
      >
        {STEPS_M.map((one) => (
          <option key={one} value={one}>
            {one} m
          </option>
        ))}
      </select>
    </fieldset>
  );
}
