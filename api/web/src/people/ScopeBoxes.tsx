import { t } from "../language";
import { type Desk, DESKS, type Scope, SCOPES } from "./api";

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

export const deskName = (desk: Desk): string =>
  desk === "yard" ? t("people.speaks_yard") : t(`account.agency_${desk}`);

/** For which desk a machine decides, if for any. */
export function DeskChoice({ chosen }: { chosen: Desk | null }) {
  return (
    <label>
      {t("people.speaks_for")}
      <select name="agency">
        <option value="">—</option>
        {DESKS.map((one) => (
          <option key={one} value={one} selected={one === chosen}>
            {deskName(one)}
          </option>
        ))}
      </select>
    </label>
  );
}

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
