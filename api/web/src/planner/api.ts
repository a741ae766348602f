/** What the planner's page asks of the server. */

import { address, call, type Described } from "../call";
import { newKey } from "../request";
import type {
  Checked,
  Comparison,
  FormField,
  Run,
  RunInList,
  RowValue,
  RunOrder,
  ScenarioChoice,
  ScenarioText,
  TruckColumns,
} from "./types";

const at = (scenario: string): { path: { scenario: string } } => ({ path: { scenario } });
const of = (job_id: number): { path: { job_id: number } } => ({ path: { job_id } });

export const listScenarios = (): Promise<ScenarioChoice[]> => call("GET", "/v1/scenarios");
export const getScenario = (id: string): Promise<ScenarioText> =>
  call("GET", "/v1/scenarios/{scenario}", at(id));
/** Without a name it keeps those its text gives it. */
export const saveScenario = (
  id: string,
  text: string,
  name: string | null,
): Promise<ScenarioText> =>
  call("PUT", "/v1/scenarios/{scenario}", { ...at(id), body: { text, name } });
export const deleteScenario = (id: string): Promise<void> =>
  call("DELETE", "/v1/scenarios/{scenario}", at(id));
export const getForm = (): Promise<FormField[]> => call("GET", "/v1/scenario-form");
export const checkText = (text: string): Promise<Checked> =>
  call("POST", "/v1/scenarios/check", { body: { text } });
export const editText = (
  text: string,
  changes: Record<string, RowValue>,
): Promise<Described<"EditedText">> =>
  call("POST", "/v1/scenarios/edit", { body: { text, changes } });

export const startRun = (order: RunOrder): Promise<{ id: number }> =>
  call("POST", "/v1/simulations", { body: order, key: newKey() });
export const listRuns = (): Promise<RunInList[]> => call("GET", "/v1/simulations");
export const getRun = (id: number): Promise<Run> => call("GET", "/v1/simulations/{job_id}", of(id));
export const getTrucks = (id: number): Promise<TruckColumns> =>
  call("GET", "/v1/simulations/{job_id}/trucks", of(id));
export const cancelRun = (id: number): Promise<RunInList> =>
  call("POST", "/v1/simulations/{job_id}/cancel", of(id));
export const compareRuns = (run: number[]): Promise<Comparison> =>
  call("GET", "/v1/simulations/compare", { query: { run } });

export const EXPORTS = ["csv", "parquet", "png", "svg", "html", "pdf"] as const;
export const exportAddress = (
  job_id: number,
  form: (typeof EXPORTS)[number],
  language: string,
): string =>
  address("/v1/simulations/{job_id}/export.{form}", {
    path: { job_id, form },
    query: { language },
  });
