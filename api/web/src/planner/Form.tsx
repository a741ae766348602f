import { useState } from "preact/hooks";
import { nameOf, t, type Key } from "../language";
import type { ScenarioChoice, SimulationRequest, Site } from "../types";

interface Props {
  site: Site;
  scenarios: ScenarioChoice[];
  busy: boolean;
  onRun: (order: SimulationRequest) => void;
}

const MOST_PLACES = 200;
const LEAST_DEMAND = 0.1;
const MOST_DEMAND = 5;

function within(n: number, least: number, most: number): boolean {
  return Number.isFinite(n) && n >= least && n <= most;
}

/** The order as typed, or the word for what is wrong with it. */
export function read(data: FormData, site: Site): SimulationRequest | Key {
  const seed = Number(data.get("seed"));
  if (!Number.isSafeInteger(seed) || seed < 0) return "planner.seed_wrong";
  const demand = Number(data.get("demand"));
  if (!within(demand, LEAST_DEMAND, MOST_DEMAND)) return "planner.demand_wrong";
  const places: Record<string, number> = {};
  for (const gate of site.gates) {
    const n = Number(data.get(gate.id));
    if (!Number.isInteger(n) || !within(n, 1, MOST_PLACES)) return "planner.places_wrong";
    places[gate.id] = n;
  }
  return { scenario: String(data.get("scenario")), seed, demand_factor: demand, places };
}

export function Form({ site, scenarios, busy, onRun }: Props) {
  const [wrong, setWrong] = useState<Key | null>(null);

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const order = read(new FormData(event.currentTarget as HTMLFormElement), site);
    if (typeof order === "string") return setWrong(order);
    setWrong(null);
    onRun(order);
  }

  return (
    <form onSubmit={submit} noValidate>
      <label>
        {t("planner.scenario")}
        <select name="scenario">
          {scenarios.map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("planner.demand")}
        <input
          name="demand"
          type="number"
          step="0.05"
          min={LEAST_DEMAND}
          max={MOST_DEMAND}
          defaultValue="1"
        />
        <small>{t("planner.demand_hint")}</small>
      </label>
      {site.gates.map((gate) => (
        <label key={gate.id}>
          {t("planner.places", { gate: nameOf(gate.name) })}
          <input
            name={gate.id}
            type="number"
            min={1}
            max={MOST_PLACES}
            defaultValue={String(gate.inspection_places)}
          />
        </label>
      ))}
      <label>
        {t("planner.seed")}
        <input name="seed" type="number" min={0} defaultValue="1" />
        <small>{t("planner.seed_hint")}</small>
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {t(wrong)}
        </p>
      )}
      <button class="main" disabled={busy || scenarios.length === 0}>
        {busy ? `${t("planner.running")}…` : t("planner.run")}
      </button>
    </form>
  );
}
