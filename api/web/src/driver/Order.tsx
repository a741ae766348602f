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

/** The truck's number, and on demand why it is this one: asked anew when the number changes. */
export function Order({ view }: { view: DriverView }) {
  const [open, setOpen] = useState(false);
  const spoken = language.value;
  const { answer, wrong } = useAsked(
    () => (open ? getDriverWhy(code, spoken) : Promise.resolve(null)),
    ASK_AGAIN_MS,
    [spoken, open],
    String(view.ahead),
  );
  if (view.state === "cancelled") return null;
  return (
    <section class="order">
      {view.ahead !== null && (
        <p class="number">
          {/* While sentences below name a number it is this one: they are heard of at other moments. */}
          <span>{t("driver.number")}</span>{" "}
          <strong>{wholeNumber(answer?.place ?? view.ahead + 1)}</strong>
        </p>
      )}
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t("driver.why")}
      </button>
      {answer && <WhyWords why={answer} timezone={view.timezone} />}
      {open && !answer && <p>{wrong === null ? t("common.loading") : problem(wrong)}</p>}
    </section>
  );
}
