import { useMemo } from "preact/hooks";
import { language, t } from "../../language";
import type { Site } from "../../types";
import type { FormField } from "../types";
import { change, move, problems, values } from "./draft";
import { Field } from "./Field";
import { type Block, blockName, blocksOf, groupName, NEW_ROWS, rowName, rowsOf } from "./fields";

/** The group whose rows are added and taken out. */
const EVENTS = "events";

interface Props {
  fields: FormField[];
  site: Site;
}

/** The scenario as a form: groups of sliders, of which the first stands open. */
export function Fields({ fields, site }: Props) {
  const spoken = language.value;
  const said = values.value;
  const groups = useMemo(() => {
    const names = [...new Set(fields.map(({ group }) => group))];
    return names.map((group) => ({
      group,
      blocks: blocksOf(fields.filter((field) => field.group === group), said),
    }));
  }, [fields, said, spoken]);
  const broken = problems.value.length > 0;
  return (
    <section class="fields" aria-label={t("planner.adjust")}>
      <h2>{t("planner.adjust")}</h2>
      {broken && <p class="quiet">{t("planner.form_waits")}</p>}
      <fieldset disabled={broken}>
        {groups.map(({ group, blocks }, n) => (
          <details key={group} open={n === 0} data-group={group}>
            <summary>{groupName(group)}</summary>
            {blocks.map((block) => (
              <OneBlock key={block.key} block={block} site={site} />
            ))}
            {group === EVENTS && <Add site={site} />}
          </details>
        ))}
      </fieldset>
    </section>
  );
}

function OneBlock({ block, site }: { block: Block; site: Site }) {
  const name = blockName(block);
  const { row } = block;
  return (
    <div class="block" role="group" aria-label={name ?? undefined} data-block={block.key}>
      {name !== null && (
        <h3>
          {name}
          {row !== null && (
            <button
              type="button"
              aria-label={t("planner.removed", { name })}
              onClick={() => void change({ [row]: null })}
            >
              {t("planner.remove")}
            </button>
          )}
        </h3>
      )}
      {block.fields.map((field) => (
        <Field
          key={field.at}
          field={field}
          gates={site.gates}
          onMove={(value) => move(field.at, value)}
        />
      ))}
    </div>
  );
}

function Add({ site }: { site: Site }) {
  const gate = site.gates.at(-1)?.id ?? "";
  return (
    <p class="add">
      <span class="quiet">{t("planner.add")}</span>
      {Object.entries(NEW_ROWS).map(([kind, row]) => (
        <button
          type="button"
          key={kind}
          data-add={kind}
          onClick={() => void change({ [`${kind}.${rowsOf(kind, values.value)}`]: row(gate) })}
        >
          {rowName(kind)}
        </button>
      ))}
    </p>
  );
}
