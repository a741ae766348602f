import { nameOf, t } from "../../language";
import { stageName } from "../../parts/names";
import { deskName, factsInWords, lockName } from "../names";
import type { FlowStage, Variant } from "../types";
import { difference, type Change } from "./difference";

interface Props {
  before: readonly Variant[];
  after: readonly Variant[];
}

/** What a text would change of what is in force, in words. */
export function Difference({ before, after }: Props) {
  const changes = difference(before, after);
  if (changes.length === 0) return <p class="quiet">{t("agency.no_difference")}</p>;
  return (
    <ul class="differences">
      {changes.map((one) => (
        <li
          key={`${one.what} ${one.stage.id} ${one.variants[0]?.id}`}
          class={one.what}
          data-stage={one.stage.id}
        >
          <span class="tag">{t(`agency.stage_${one.what}`)}</span> <b>{nameOf(one.stage.name)}</b>{" "}
          <small>
            {one.variants.length === after.length
              ? t("agency.every_variant")
              : one.variants.map(({ name }) => nameOf(name)).join("; ")}
          </small>
          {one.fields.length > 0 && <Fields change={one} />}
        </li>
      ))}
    </ul>
  );
}

function Fields({ change }: { change: Change }) {
  const { former } = change;
  return (
    <dl>
      {change.fields.map((field) => (
        <div key={field}>
          <dt>{t(`agency.stage_${field}`)}</dt>
          <dd>
            {former && <del>{said(field, former)}</del>} <ins>{said(field, change.stage)}</ins>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function said(field: keyof FlowStage, stage: FlowStage): string {
  const nothing = t("common.none");
  const list = (all: string[]): string => (all.length > 0 ? all.join(", ") : nothing);
  switch (field) {
    case "name":
      return nameOf(stage.name);
    case "desk":
      return deskName(stage.desk);
    case "needs":
      return list(stage.needs.map(stageName));
    case "unlocks":
      return list(stage.unlocks.map(lockName));
    case "applies": {
      const conditions = Object.entries(stage.applies);
      return list(
        conditions.map(([fact, values]) =>
          values.map((value) => factsInWords({ [fact]: value })).join(" / "),
        ),
      );
    }
    case "expires_h":
      return stage.expires_h === null ? nothing : t("common.hours", { h: stage.expires_h });
    case "proofs":
    case "settles":
      return list(stage[field]);
    case "id":
      return stage.id;
  }
}
