import { useState } from "preact/hooks";
import { language, t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { WhyWords } from "../parts/WhyWords";
import { wholeNumber } from "../time";
import type { DriverView } from "../types";
import { getDriverWhy } from "./api";
import { code } from "./view";

const ASK_AGAIN_MS = 30_000;

/** The truck's number, and on demand why it is this one. */
export function Order({ view }: { view: DriverView }) {
  const [open, setOpen] = useState(false);
  if (view.state === "cancelled") return null;
  return (
    <section class="order">
      {view.ahead !== null && (
        <p class="number">
          <span>{t("driver.number")}</span> <strong>{wholeNumber(view.ahead + 1)}</strong>
        </p>
      )}
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("driver.why")}
      </button>
      {open && <Reasons timezone={view.timezone} />}
    </section>
  );
}

function Reasons({ timezone }: { timezone: string }) {
  const spoken = language.value;
  const { answer, wrong } = useAsked(() => getDriverWhy(code, spoken), ASK_AGAIN_MS, [spoken]);
  if (answer) return <WhyWords why={answer} timezone={timezone} />;
  return <p>{wrong === null ? t("common.loading") : problem(wrong)}</p>;
}
