import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { problem, refusalWords } from "../parts/problem";
import { wholeNumber } from "../time";
import { type FairUse, fairUse } from "./api";
import type { Place } from "./Declare";
import { isPlate } from "./form";

const TYPED_MS = 500;

interface Props {
  plate: string;
  device: string;
  place: Place;
}

/** What the site's rules of fair use leave, and what stands in the way, before anything is sent. */
export function FairUseSaid({ plate, device, place }: Props) {
  const [found, setFound] = useState<FairUse | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const asked = isPlate(plate.trim()) ? plate.trim() : "";
  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      fairUse(asked, device.trim()).then(
        (answer) => current && (setFound(answer), setWrong(null)),
        (error: unknown) => current && setWrong(error),
      );
    }, TYPED_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [asked, device]);

  if (wrong !== null) return <p class="quiet">{problem(wrong)}</p>;
  if (found === null) return null;
  return (
    <section class="fair" aria-live="polite" aria-label={t("declare.fair_use")}>
      <h2>{t("declare.fair_use")}</h2>
      {found.obstacles.map((one) => (
        <p class="refusal" key={one.kind + one.text} data-kind={one.kind}>
          {refusalWords({ kind: one.kind, values: one.values, sentence: one.text })}
        </p>
      ))}
      {found.obstacles.length > 0 && (
        <button type="button" onClick={() => place.go({ at: "appeals" })}>
          {t("declare.appeal")}
        </button>
      )}
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
