import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { problem, refusalWords } from "../parts/problem";
import { wholeNumber } from "../time";
import { AppealForm } from "./AppealForm";
import { type FairUse, fairUse } from "./api";
import type { Place } from "./Declare";
import { isPlate } from "./form";

const TYPED_MS = 500;

/** Against what of the rules somebody may appeal here; null: nothing was decided. */
function about(kind: string, plate: string): string | null {
  if (kind === "quota_full") return "quota";
  return kind === "barred" ? `ban:${plate}` : null;
}

interface Props {
  plate: string;
  device: string;
  /** For whom somebody at a desk declares. */
  haulier?: string;
  place: Place;
}

/** What the site's rules of fair use leave, and what stands in the way, before anything is sent. */
export function FairUseSaid({ plate, device, haulier = "", place }: Props) {
  const [found, setFound] = useState<FairUse | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const asked = isPlate(plate.trim()) ? plate.trim() : "";
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      fairUse(asked, device.trim(), haulier.trim()).then(
        (answer) => current && (setFound(answer), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    }, TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [asked, device, haulier]);

  if (wrong !== null) return <p class="quiet">{problem(wrong)}</p>;
  if (found === null) return null;
  return (
    <section class="fair" aria-live="polite" aria-label={t("declare.fair_use")}>
      <h2>{t("declare.fair_use")}</h2>
      {found.obstacles.map((one) => (
        <div key={one.kind} class="obstacle" data-kind={one.kind}>
          <p class="refusal">
            {refusalWords({ kind: one.kind, values: one.values, sentence: one.text })}
          </p>
          {about(one.kind, asked) !== null && place.session.role === "haulier" && (
            <AppealForm about={about(one.kind, asked) ?? ""} trip={null} />
          )}
        </div>
      ))}
      <p>
        {found.quota === null
          ? t("declare.active_n", { n: wholeNumber(found.active) })
          : t("declare.quota", {
              active: wholeNumber(found.active),
              quota: wholeNumber(found.quota),
              left: wholeNumber(found.left ?? 0),
            })}
      </p>
      <p class="quiet">
        {t("declare.rules", {
          extensions: found.extensions_per_day,
          bans: found.ban_after,
          within: found.within_days,
          days: found.ban_days,
        })}
      </p>
    </section>
  );
}
