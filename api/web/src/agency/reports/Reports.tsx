import { useState } from "preact/hooks";
import { language, nameOf, t } from "../../language";
import { problem } from "../../parts/problem";
import { useAsked } from "../../parts/useAsked";
import { dayAfter, localDay } from "../../time";
import type { Site } from "../../types";
import { now } from "../clock";
import { askDictionary, askReport, fileOf, FORMS, PERIODS, type Period, type Wish } from "./api";
import { Hours } from "./Hours";
import { Desks, Legs, Paid, Trucks } from "./Tables";
import "./reports.css";

const AGAIN_MS = 120_000;
const CARGOES = ["normal", "reefer", "perishable"] as const;

/** Statistics of any days by themselves: how many, where trucks wait, how long each agency takes. */
export function Reports({ site }: { site: Site }) {
  const today = localDay(now(), site.timezone);
  const [wish, setWish] = useState<Wish>({
    since: dayAfter(today, -6),
    until: today,
    gate: "",
    direction: "",
    cargo: "",
  });
  const [period, setPeriod] = useState<Period>("day");
  const inputs = [...Object.values(wish), period];
  const trucks = useAsked(() => askReport(wish, period, ["direction"]), AGAIN_MS, inputs);
  const hours = useAsked(() => askReport(wish, "hour", ["direction"]), AGAIN_MS, inputs);
  const whole = useAsked(
    () => askReport(wish, "all", ["direction", "desk", "of"]),
    AGAIN_MS,
    inputs,
  );
  const wrong = trucks.wrong ?? hours.wrong ?? whole.wrong;
  const set = (change: Partial<Wish>): void => setWish((was) => ({ ...was, ...change }));
  return (
    <section class="sheet reports">
      <h2>{t("reports.title")}</h2>
      <Spans today={today} onPick={(since, until, by) => (set({ since, until }), setPeriod(by))} />
      <p class="filters">
        <label>
          {t("reports.since")}
          <input
            type="date"
            name="since"
            value={wish.since}
            max={wish.until}
            onChange={(event) => set({ since: event.currentTarget.value || wish.since })}
          />
        </label>
        <label>
          {t("reports.until")}
          <input
            type="date"
            name="until"
            value={wish.until}
            max={today}
            onChange={(event) => set({ until: event.currentTarget.value || wish.until })}
          />
        </label>
        <Choice
          name="period"
          label={t("reports.a_line_each")}
          value={period}
          options={PERIODS.map((one) => [one, t(`reports.by_${one}`)])}
          onPick={(value) => setPeriod(value as Period)}
        />
        <Choice
          name="gate"
          label={t("reports.gate")}
          value={wish.gate}
          any
          options={site.gates.map(({ id, name }) => [id, nameOf(name)])}
          onPick={(gate) => set({ gate })}
        />
        <Choice
          name="direction"
          label={t("reports.direction")}
          value={wish.direction}
          any
          options={(["export", "import"] as const).map((one) => [one, t(`direction.${one}`)])}
          onPick={(direction) => set({ direction })}
        />
        <Choice
          name="cargo"
          label={t("reports.cargo")}
          value={wish.cargo}
          any
          options={CARGOES.map((one) => [one, t(`cargo.${one}`)])}
          onPick={(cargo) => set({ cargo })}
        />
        <span class="files">
          {FORMS.map((form) => (
            <a key={form} href={fileOf(wish, period, form, language.value)} data-form={form}>
              {form === "parquet" ? "Parquet" : form.toUpperCase()}
            </a>
          ))}
        </span>
      </p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {wrong === null && !(trucks.answer && hours.answer && whole.answer) && (
        <p class="quiet">{t("common.loading")}</p>
      )}
      {trucks.answer && hours.answer && whole.answer && (
        <div class="parts">
          <article>
            <h3>{t("reports.trucks")}</h3>
            <Trucks rows={trucks.answer} />
          </article>
          <article>
            <h3>{t("reports.hours")}</h3>
            <Hours rows={hours.answer} />
          </article>
          <article>
            <h3>{t("reports.where_trucks_wait")}</h3>
            <Legs rows={whole.answer} />
          </article>
          <article>
            <h3>{t("reports.agencies")}</h3>
            <Desks rows={whole.answer} />
          </article>
          <article>
            <h3>{t("reports.m_paid")}</h3>
            <Paid rows={whole.answer} />
          </article>
        </div>
      )}
      <Dictionary />
    </section>
  );
}

interface SpansProps {
  today: string;
  onPick: (since: string, until: string, by: Period) => void;
}

/** The spans that are asked for every day. */
function Spans({ today, onPick }: SpansProps) {
  const yesterday = dayAfter(today, -1);
  const month = `${today.slice(0, 7)}-01`;
  const last = dayAfter(month, -1);
  return (
    <p class="views spans">
      <button type="button" onClick={() => onPick(today, today, "day")}>
        {t("reports.today")}
      </button>
      <button type="button" onClick={() => onPick(yesterday, yesterday, "day")}>
        {t("reports.yesterday")}
      </button>
      <button type="button" onClick={() => onPick(dayAfter(today, -6), today, "day")}>
        {t("reports.week")}
      </button>
      <button type="button" onClick={() => onPick(`${last.slice(0, 7)}-01`, last, "day")}>
        {t("reports.last_month")}
      </button>
      <button type="button" onClick={() => onPick(month, today, "day")}>
        {t("reports.this_month")}
      </button>
      <button type="button" onClick={() => onPick(`${today.slice(0, 4)}-01-01`, today, "month")}>
        {t("reports.this_year")}
      </button>
    </p>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  value: string;
  options: readonly (readonly [string, string])[];
  any?: boolean;
  onPick: (value: string) => void;
}

function Choice({ name, label, value, options, any = false, onPick }: ChoiceProps) {
  return (
    <label>
      {label}
      <select name={name} value={value} onChange={(event) => onPick(event.currentTarget.value)}>
        {any && <option value="">{t("reports.any")}</option>}
        {options.map(([code, said]) => (
          <option key={code} value={code}>
            {said}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What every figure means, for whoever has to sign it. */
function Dictionary() {
  const spoken = language.value;
  const { answer } = useAsked(() => askDictionary(spoken), AGAIN_MS, [spoken]);
  return (
    <details class="dictionary">
      <summary>{t("reports.dictionary")}</summary>
      <dl>
        {(answer ?? []).map(({ code, name, meaning }) => (
          <div key={code}>
            <dt>
              {name} <code>{code}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
