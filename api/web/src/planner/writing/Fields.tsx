import { useMemo } from "preact/hooks";
import { language, t } from "../../language";
import type { Site } from "../../types";
import type { FormField } from "../types";
import { move, problems, values } from "./draft";
import { Field } from "./Field";
import { groupName, placed } from "./fields";

interface Props {
  fields: FormField[];
  site: Site;
}

/** The scenario as a form: groups of sliders, of which the first stands open. */
export function Fields({ fields }: Props) {
  const spoken = language.value;
  const all = useMemo(() => placed(fields, values.value), [fields, values.value, spoken]);
  const groups = [...new Set(all.map(({ group }) => group))];
  const broken = problems.value.length > 0;
  return (
    <section class="fields" aria-label={t("planner.form")}>
      <h2>{t("planner.form")}</h2>
      {broken && <p class="quiet">{t("planner.form_waits")}</p>}
      <fieldset disabled={broken}>
        {groups.map((group, n) => (
          <details key={group} open={n === 0} data-group={group}>
            <summary>{groupName(group)}</summary>
            {all
              .filter((field) => field.group === group)
              .map((field) => (
                <Field key={field.at} field={field} onMove={(value) => move(field.at, value)} />
              ))}
          </details>
        ))}
      </fieldset>
    </section>
  );
}
