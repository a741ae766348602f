import { useEffect, useState } from "preact/hooks";
import { language, t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { problem } from "../parts/problem";
import { wholeNumber } from "../time";
import type { Session } from "../types";
import { addressOf, type Days, type Form, getPage, type Listed, listBulletins } from "./api";

const FORMS: readonly Form[] = ["pdf", "xlsx", "csv", "html"];
/** DejaVu has no Chinese signs: the server makes no PDF in Chinese. */
const without = (form: Form): boolean => form === "pdf" && language.value === "zh";

export function Bulletins({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [kept, setKept] = useState<Listed[] | null>(null);
  const [days, setDays] = useState<Days | null>(null);
  const [page, setPage] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const spoken = language.value;

  function list(): void {
    listBulletins().then((found) => {
      setKept(found);
      const [newest] = found;
      setDays((now) => now ?? (newest ? { day: newest.day, until: newest.day } : null));
    }, setWrong);
  }
  useEffect(list, []);
  useEffect(() => {
    if (!days) return undefined;
    let current = true;
    setWrong(null);
    getPage(days, spoken).then(
      (html) => {
        if (!current) return;
        setPage(html);
        list(); // a day asked for the first time is made and kept
      },
      (error: unknown) => current && (setPage(null), setWrong(error)),
    );
    return () => {
      current = false;
    };
  }, [days, spoken]);

  return (
    <div class="bulletins">
      <header>
        <h1>{t("bulletin.title")}</h1>
        <Pick days={days} onPick={setDays} />
        <a href="/">{t("bulletin.back")}</a>
        <Help screen="bulletin" />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      <nav aria-label={t("bulletin.kept")}>
        <h2>{t("bulletin.kept")}</h2>
        {kept?.length === 0 && <p>{t("bulletin.none_yet")}</p>}
        <ul>
          {kept?.map((one) => (
            <li key={one.day}>
              <button
                type="button"
                aria-pressed={days?.day === one.day && days.until === one.day}
                onClick={() => setDays({ day: one.day, until: one.day })}
              >
                <b>{one.day}</b>
                <small>
                  {t("bulletin.arrived")} {wholeNumber(one.arrived)} · {t("bulletin.waiting")}{" "}
                  {wholeNumber(one.waiting)}
                </small>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      <main>
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        {days && page !== null && (
          <>
            <p class="forms">
              {t("bulletin.download")}:{" "}
              {FORMS.filter((form) => !without(form)).map((form) => (
                <a key={form} href={addressOf(days, form, spoken)} download>
                  {form.toUpperCase()}
                </a>
              ))}
              {spoken === "zh" && <small>{t("bulletin.no_pdf")}</small>}
            </p>
            {/* Nothing in it may run: what people wrote stands in it. */}
            <iframe sandbox="" srcdoc={page} title={t("bulletin.title")} />
          </>
        )}
      </main>
    </div>
  );
}

function Pick({ days, onPick }: { days: Days | null; onPick: (days: Days) => void }) {
  const [day, setDay] = useState("");
  const [until, setUntil] = useState("");
  useEffect(() => {
    if (!days) return;
    setDay(days.day);
    setUntil(days.until);
  }, [days]);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (day) onPick({ day, until: until || day });
      }}
    >
      <label>
        {t("bulletin.pick")}{" "}
        <input
          type="date"
          name="day"
          required
          value={day}
          onInput={(event) => {
            // One day is what most ask for: the range follows until it is set.
            if (until === day) setUntil(event.currentTarget.value);
            setDay(event.currentTarget.value);
          }}
        />
      </label>
      <label>
        {t("bulletin.pick_until")}{" "}
        <input
          type="date"
          name="until"
          value={until}
          onInput={(event) => setUntil(event.currentTarget.value)}
        />
      </label>
      <button class="main">{t("bulletin.show")}</button>
    </form>
  );
}
