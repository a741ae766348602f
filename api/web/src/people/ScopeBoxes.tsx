import { t } from "../language";
import { type Scope, SCOPES } from "./api";

interface Props {
  legend: string;
  /** What may be chosen, and what is so far. */
  among: readonly Scope[];
  chosen: readonly Scope[];
}

export const scopeName = (scope: Scope): string =>
  t(`people.scope_${scope.replace(":", "_") as "positions"}`);

export const scopesOf = (form: FormData): Scope[] =>
  SCOPES.filter((one) => form.getAll("scope").includes(one));

/** What a machine or a key may do, each right a box. */
export function ScopeBoxes({ legend, among, chosen }: Props) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      {SCOPES.filter((one) => among.includes(one)).map((one) => (
        <label key={one} class="box">
          <input
            type="checkbox"
            name="scope"
            value={one}
            defaultChecked={chosen.includes(one)}
          />
          {scopeName(one)} <code>{one}</code>
        </label>
      ))}
    </fieldset>
  );
}
