import { useState } from "preact/hooks";
import { language, t } from "../../language";
import { EXPORTS, exportAddress } from "../api";
import type { Shown } from "./shown";

const COPIED_MS = 3_000;
/** What the server has no Chinese letters to write. */
const WITHOUT_CHINESE: ReadonlySet<string> = new Set(["png", "pdf"]);

/** A link to what is shown, and each run as a file. */
export function Export({ shown }: { shown: Shown[] }) {
  const [said, setSaid] = useState<"copied" | "not_copied" | null>(null);
  const kinds = EXPORTS.filter((kind) => language.value !== "zh" || !WITHOUT_CHINESE.has(kind));

  function share(): void {
    const told = (how: "copied" | "not_copied"): void => {
      setSaid(how);
      setTimeout(() => setSaid(null), COPIED_MS);
    };
    // Only a page that came by https or from this machine may write there.
    if (!navigator.clipboard) return told("not_copied");
    navigator.clipboard.writeText(location.href).then(
      () => told("copied"),
      () => told("not_copied"),
    );
  }

  return (
    <span class="export">
      <button type="button" onClick={share}>
        {t("planner.share")}
      </button>
      <span role="status">{said !== null && t(`planner.${said}`)}</span>
      {shown.length > 0 && (
        <details>
          <summary>{t("planner.export")}</summary>
          <div class="menu">
            {shown.map(({ id, label }) => (
              <p key={id}>
                <b>{label}</b>
                {kinds.map((kind) => (
                  <a key={kind} href={exportAddress(id, kind, language.value)} download>
                    {t(`planner.export_${kind}`)}
                  </a>
                ))}
              </p>
            ))}
            {kinds.length < EXPORTS.length && (
              <small class="quiet">{t("refusals.no_chinese_letters")}</small>
            )}
          </div>
        </details>
      )}
    </span>
  );
}
