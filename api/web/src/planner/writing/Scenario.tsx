import { useEffect, useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import type { Site } from "../../types";
import { getForm, listScenarios } from "../api";
import type { FormField, ScenarioChoice } from "../types";
import { open, source, wrong as wrongDraft } from "./draft";
import { Fields } from "./Fields";
import { Order } from "./Order";
import { Pick } from "./Pick";
import { TextField } from "./TextField";

/** Variants of a day have longer names than the day. */
const byName = (a: ScenarioChoice, b: ScenarioChoice): number => a.id.length - b.id.length;

/** A day is picked or copied, changed by form or in its text, and played. */
export function Scenario({ site }: { site: Site }) {
  const [choices, setChoices] = useState<ScenarioChoice[]>([]);
  const [fields, setFields] = useState<FormField[]>([]);
  const [wrong, setWrong] = useState<unknown>(null);

  async function list(): Promise<void> {
    try {
      const found = await listScenarios();
      setChoices(found);
      const [plainest] = found.filter(({ saved }) => !saved).sort(byName);
      if (source.value === null && plainest) await open(plainest.id);
    } catch (error) {
      setWrong(error);
    }
  }
  useEffect(() => {
    void list();
    getForm().then(setFields, setWrong);
  }, []);

  const bad = wrong ?? wrongDraft.value;
  return (
    <main class="writing">
      <Pick choices={choices} onChange={() => void list()} />
      {bad !== null && (
        <p class="refusal" role="alert">
          {problem(bad)}
        </p>
      )}
      {source.value === null ? (
        <p class="quiet">{t("common.loading")}</p>
      ) : (
        <div class="side-by-side">
          <Fields fields={fields} site={site} />
          <TextField />
          <Order />
        </div>
      )}
    </main>
  );
}
