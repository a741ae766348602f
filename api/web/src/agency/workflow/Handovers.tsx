import { useState } from "preact/hooks";
import { nameOf, t } from "../../language";
import { who } from "../../operator/colleagues";
import { siteMoment } from "../../parts/account/moments";
import { placeName } from "../../parts/place";
import { problem } from "../../parts/problem";
import { SureButton } from "../../parts/SureButton";
import { useAsked } from "../../parts/useAsked";
import type { Session, Site } from "../../types";
import { workflow } from "../names";
import { endSwitch, listSwitches } from "./api";
import { HandoverForm } from "./HandoverForm";

const AGAIN_MS = 10_000;
const MAY: readonly Session["role"][] = ["administrator", "operator"];

export function variantName(id: string): string {
  const found = workflow.value?.variants.find((one) => one.id === id);
  return found ? nameOf(found.name) : id;
}

/** By which variant each gate hands trucks over now, and what was switched by hand. */
export function Handovers({ session, site }: { session: Session; site: Site }) {
  const { answer, wrong, again } = useAsked(listSwitches, AGAIN_MS, []);
  const [form, setForm] = useState(false);
  const [refused, setRefused] = useState<unknown>(null);
  const may = MAY.includes(session.role);
  const shown = refused ?? wrong;

  function end(id: number): void {
    setRefused(null);
    endSwitch(id).then(again, setRefused);
  }

  return (
    <section class="handovers">
      <h2>{t("agency.handovers")}</h2>
      {shown !== null && (
        <p class="refusal" role="alert">
          {problem(shown)}
        </p>
      )}
      <table>
        <tbody>
          {workflow.value?.in_force.map((one) => (
            <tr key={`${one.gate} ${one.direction}`}>
              <td>
                {placeName(one.gate)} <small>{t(`direction.${one.direction}`)}</small>
              </td>
              <td>
                <b>{one.default === null ? t("common.none") : variantName(one.default)}</b>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="switches">
        {answer?.map((one) => (
          <li key={one.id} data-switch={one.id}>
            <b>{placeName(one.gate)}</b> {t(`direction.${one.direction}`)} →{" "}
            <b>{variantName(one.variant)}</b>
            <small>
              {siteMoment(one.begins_at, site.timezone)} –{" "}
              {one.ends_at === null ? t("agency.open_end") : siteMoment(one.ends_at, site.timezone)}
              {` · ${one.reason} · ${who(one.set_by)}`}
            </small>
            {may && (
              <SureButton
                name={t("agency.end_switch")}
                sure={t("agency.sure")}
                onSure={() => end(one.id)}
              />
            )}
          </li>
        ))}
      </ul>
      {may && !form && (
        <button type="button" onClick={() => setForm(true)}>
          {t("agency.switch")}
        </button>
      )}
      {form && (
        <HandoverForm
          timezone={site.timezone}
          onDone={() => {
            setForm(false);
            again();
          }}
          onLeave={() => setForm(false)}
        />
      )}
    </section>
  );
}
