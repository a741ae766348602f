/** What the planner's page asks of the server. */

import { newKey, once, request } from "../request";
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

const scenario = (id: string): string => `/v1/scenarios/${encodeURIComponent(id)}`;

export const listScenarios = (): Promise<ScenarioChoice[]> => request("GET", "/v1/scenarios");
export const getScenario = (id: string): Promise<ScenarioText> => request("GET", scenario(id));
/** Without a name it keeps those its text gives it. */
export const saveScenario = (
  id: string,
  text: string,
  name: string | null,
): Promise<ScenarioText> =>
  request("PUT", scenario(id), name === null ? { text } : { text, name });
export const deleteScenario = (id: string): Promise<void> => request("DELETE", scenario(id));
export const getForm = (): Promise<FormField[]> => request("GET", "/v1/scenario-form");
export const checkText = (text: string): Promise<Checked> =>
  request("POST", "/v1/scenarios/check", { text });
export const editText = (
  text: string,
  changes: Record<string, RowValue>,
): Promise<{ text: string }> => request("POST", "/v1/scenarios/edit", { text, changes });

export const startRun = (order: RunOrder): Promise<{ id: number }> =>
  request("POST", "/v1/simulations", order, once(newKey()));
export const listRuns = (): Promise<RunInList[]> => request("GET", "/v1/simulations");
export const getRun = (id: number): Promise<Run> => request("GET", `/v1/simulations/${id}`);
export const getTrucks = (id: number): Promise<TruckColumns> =>
  request("GET", `/v1/simulations/${id}/trucks`);
export const cancelRun = (id: number): Promise<void> =>
  request("POST", `/v1/simulations/${id}/cancel`);
export const compareRuns = (ids: readonly number[]): Promise<Comparison> =>
  request("GET", `/v1/simulations/compare?${ids.map((id) => `run=${id}`).join("&")}`);

export const EXPORTS = ["csv", "parquet", "png", "svg", "html", "pdf"] as const;
export const exportAddress = (id: number, kind: (typeof EXPORTS)[number], language: string): string =>
  `/v1/simulations/${id}/export.${kind}?language=${language}`;
