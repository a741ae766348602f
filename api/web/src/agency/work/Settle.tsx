import { useEffect } from "preact/hooks";
import { t } from "../../language";
import { factName, fieldName } from "../../parts/names";
import { useAsked } from "../../parts/useAsked";
import { workflow } from "../names";
import { type Declaration, getDeclaration } from "../trip/declaration";
import type { Facts } from "../types";

const CARGOES = ["normal", "reefer", "perishable"];
const LOADS = ["laden", "empty"];
const NEVER_MS = 3_600_000;

/** What may be said of a fact; null where it is free text. */
function choicesOf(fact: string): readonly string[] | null {
  const file = workflow.value;
  if (fact === "cargo") return CARGOES;
  if (fact === "load") return LOADS;
  if (fact === "goods_class") return file?.goods_classes.map(({ id }) => id) ?? [];
  if (fact === "weight_class") return file?.weight_classes.map(({ id }) => id) ?? [];
  if (fact === "handover") return file?.handovers.map(({ id }) => id) ?? [];
  return null;
}

interface Props {
  facts: readonly string[];
  trip: number;
  chosen: Facts;
  onChoose: (facts: Facts) => void;
}

/** The facts a stage settles: as they were declared, until whoever confirms says another thing. */
export function Settle({ facts, trip, chosen, onChoose }: Props) {
  const { answer } = useAsked<Declaration>(() => getDeclaration(trip), NEVER_MS, [trip]);
  useEffect(() => {
    if (!answer) return;
    const declared = facts.flatMap((fact) => {
      const value = (answer as unknown as Record<string, unknown>)[fact];
      return value === null || value === undefined ? [] : [[fact, String(value)] as const];
    });
    onChoose({ ...Object.fromEntries(declared), ...chosen });
  }, [answer]);
  return (
    <fieldset class="settle">
      <legend>{t("agency.settles")}</legend>
      {facts.map((fact) => (
        <label key={fact}>
          {fieldName(fact)}
          <Choice
            fact={fact}
            value={chosen[fact] ?? ""}
            onChoose={(value) => onChoose({ ...chosen, [fact]: value })}
          />
        </label>
      ))}
    </fieldset>
  );
}

interface ChoiceProps {
  fact: string;
  value: string;
  onChoose: (value: string) => void;
}

function Choice({ fact, value, onChoose }: ChoiceProps) {
  const choices = choicesOf(fact);
  if (choices === null) {
    return (
      <input
        name={fact}
        required
        value={value}
        onInput={(event) => onChoose(event.currentTarget.value)}
      />
    );
  }
  return (
    <select
      name={fact}
      required
      value={value}
      onChange={(event) => onChoose(event.currentTarget.value)}
    >
      <option value="">{t("agency.choose")}</option>
      {choices.map((one) => (
        <option key={one} value={one}>
          {factName(fact, one)}
        </option>
      ))}
    </select>
  );
}
