import { useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { putTemplate } from "./api";
import type { Values } from "./form";

/** A form kept under a name, for the next trip of the same customer. */
export function SaveTemplate({ values }: { values: Values }) {
  const [name, setName] = useState<string | null>(null);
  const [said, setSaid] = useState<{ wrong: boolean; text: string } | null>(null);

  async function save(): Promise<void> {
    if (!name?.trim()) return;
    // What is of one journey alone is not of the next one.
    const { ready_at: _ready, declaration: _number, consent: _consent, ...form } = values;
    try {
      await putTemplate({ name: name.trim(), customer: values.customer || null, form });
      setSaid({ wrong: false, text: t("declare.template_saved", { name: name.trim() }) });
      setName(null);
    } catch (error) {
      setSaid({ wrong: true, text: problem(error) });
    }
  }

  return (
    <div class="save-template">
      {name === null ? (
        <button type="button" onClick={() => setName(values.customer)}>
          {t("declare.save_template")}
        </button>
      ) : (
        <>
          <label>
            {t("declare.template_name")}
            <input
              value={name}
              maxLength={60}
              autofocus
              onInput={(event) => setName(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key !== "Enter") return;
                event.preventDefault(); // the form around it is not to be sent
                void save();
              }}
            />
          </label>
          <span class="buttons">
            <button type="button" onClick={() => void save()}>
              {t("declare.save")}
            </button>
            <button type="button" onClick={() => setName(null)}>
              {t("declare.leave")}
            </button>
          </span>
        </>
      )}
      {said && <p class={said.wrong ? "refusal" : "quiet"} role="status">{said.text}</p>}
    </div>
  );
}
