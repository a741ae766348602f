import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { personName } from "../../parts/place";
import { SureButton } from "../../parts/SureButton";
import { deleteScenario, saveScenario } from "../api";
import type { ScenarioChoice } from "../types";
import { isChanged, open, problems, source, text } from "./draft";

interface Props {
  choices: ScenarioChoice[];
  /** The list is another now. */
  onChange: () => void;
}

/** "Tết, 30 % more fruit" as "tet-30-more-fruit": what a file of it would be called. */
export function slugOf(name: string): string {
  const plain = name.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("đ", "d");
  const slug = plain.replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  // Names without a Latin letter, such as Chinese ones, have no slug of their own.
  return slug === "" ? `${new Date().toISOString().slice(0, 16).replace(/[^0-9]+/g, "-")}` : slug;
}

/** Which day it is, and saving it under a name of one's own. */
export function Pick({ choices, onChange }: Props) {
  const [naming, setNaming] = useState(false);
  /** The day that would take the place of what is not saved. */
  const [asked, setAsked] = useState<ScenarioChoice | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const now = source.value;
  const groups = [
    { label: t("planner.shipped"), days: choices.filter((one) => !one.saved) },
    { label: t("planner.saved"), days: choices.filter((one) => one.saved) },
  ];

  function pick(id: string): void {
    const next = choices.find((one) => one.id === id);
    if (isChanged() && next) setAsked(next);
    else void open(id);
  }

  async function keep(id: string, name: string | null): Promise<void> {
    try {
      await saveScenario(id, text.value, name);
      await open(id);
      setNaming(false);
      setAsked(null);
      setWrong(null);
      onChange();
    } catch (error) {
      setWrong(error);
    }
  }

  async function remove(id: string): Promise<void> {
    try {
      await deleteScenario(id);
      const next = choices.find((one) => !one.saved);
      if (next) await open(next.id);
      setWrong(null);
      onChange();
    } catch (error) {
      setWrong(error);
    }
  }

  return (
    <section class="pick">
      <label>
        <span>{t("planner.scenario")}</span>
        <select
          name="scenario"
          value={now?.id ?? ""}
          onChange={({ currentTarget }) => {
            const { value } = currentTarget;
            // The list shows the day whose text this is until another's is there.
            currentTarget.value = now?.id ?? "";
            pick(value);
          }}
        >
          {groups.map(
            ({ label, days }) =>
              days.length > 0 && (
                <optgroup key={label} label={label}>
                  {days.map((one) => (
                    <option key={one.id} value={one.id}>
                      {nameOf(one.name)}
                      {one.owner ? ` · ${personName(one.owner)}` : ""}
                    </option>
                  ))}
                </optgroup>
              ),
          )}
        </select>
      </label>
      {now?.saved && (
        <button
          type="button"
          disabled={!isChanged() || problems.value.length > 0}
          onClick={() => void keep(now.id, null)}
        >
          {t("planner.save")}
        </button>
      )}
      <button type="button" aria-expanded={naming} onClick={() => setNaming(!naming)}>
        {t("planner.save_copy")}
      </button>
      {now?.saved && (
        <SureButton
          name={t("planner.delete")}
          sure={t("planner.delete_sure")}
          onSure={() => void remove(now.id)}
        />
      )}
      <span class="quiet" role="status">
        {isChanged() && t("planner.unsaved")}
      </span>
      {asked !== null && isChanged() && (
        <p class="unsaved" role="alert">
          {t("planner.discard_asked", { name: nameOf(asked.name) })}{" "}
          <button
            type="button"
            onClick={() => {
              setAsked(null);
              void open(asked.id);
            }}
          >
            {t("planner.discard")}
          </button>{" "}
          <button type="button" onClick={() => setAsked(null)}>
            {t("planner.keep")}
          </button>
        </p>
      )}
      {naming && <Naming onName={(name) => void keep(slugOf(name), name)} />}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </section>
  );
}

function Naming({ onName }: { onName: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim() !== "") onName(name.trim());
      }}
    >
      <label>
        <span>{t("planner.copy_name")}</span>
        <input
          name="copy"
          maxLength={120}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </label>
      <button class="main" disabled={name.trim() === ""}>
        {t("planner.save")}
      </button>
    </form>
  );
}
