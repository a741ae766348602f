import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import type { Act } from "./api";
import { differences, fieldName, type Known, valueName } from "./audit_words";

/** What an act changed, field by field; and all that was written down, for who wants it. */
export function AuditChanges({ one, known }: { one: Act; known: Known }) {
  const names = differences(one);
  const columns = (["before", "after"] as const).filter((side) => one[side] !== null);
  return (
    <>
      {names.length > 0 && (
        <table class="difference">
          <thead>
            <tr>
              <td />
              {columns.map((side) => (
                <th key={side}>{t(`audit.${side}`)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name}>
                <th scope="row">{fieldName(name)}</th>
                {columns.map((side) => (
                  <td key={side} class={side}>
                    {valueName(name, one[side]?.[name], known)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <details>
        <summary>{t("audit.raw")}</summary>
        <p>{t("audit.wall", { at: siteMoment(one.wall_at, known.site.timezone) })}</p>
        <pre>{JSON.stringify(one, null, 1)}</pre>
      </details>
    </>
  );
}
