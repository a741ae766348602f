import { useEffect, useState } from "preact/hooks";
import { language, t } from "../language";
import { AccountMenu } from "../parts/AccountMenu";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { ThemeSwitch } from "../parts/ThemeSwitch";
import { problem } from "../parts/problem";
import { theme } from "../parts/theme";
import { clockTime, instant, wholeNumber } from "../time";
import type { Session } from "../types";
import {
  addressOf,
  askNext,
  type Days,
  type Form,
  getPage,
  type Listed,
  listBulletins,
  type Next,
  RUNNING,
} from "./api";
import { Pick } from "./Pick";

const LOOK_EVERY_MS = 60_000;
const FORMS: readonly Form[] = ["pdf", "xlsx", "csv", "html"];
/** DejaVu has no Chinese signs: the server makes no PDF in Chinese. */
const without = (form: Form): boolean => form === "pdf" && language.value === "zh";

export function Bulletins({ session, onLeave }: { session: Session; onLeave: () => void }) {
  const [kept, setKept] = useState<Listed[] | null>(null);
  const [next, setNext] = useState<Next | null>(null);
  const [days, setDays] = useState<Days | null>(null);
  const [page, setPage] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [listWrong, setListWrong] = useState<unknown>(null);
  const spoken = language.value;

  function list(): void {
    listBulletins().then((found) => {
      setKept(found);
      setListWrong(null);
      const newest = found[0]?.day ?? RUNNING;
      setDays((now) => now ?? { day: newest, until: newest });
    }, setListWrong);
    askNext().then(setNext, setListWrong);
  }
  useEffect(() => {
    list();
    const timer = setInterval(list, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, []);
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
        <ThemeSwitch />
        <LanguageSwitch />
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      <nav aria-label={t("bulletin.kept")}>
        <h2>{t("bulletin.kept")}</h2>
        {next && (
          <p class="next">
            {t("bulletin.comes", {
              day: dayOf(next.day),
              time: clockTime(instant(next.comes_at), next.timezone),
            })}
          </p>
        )}
        <ul>
          {next && (
            <DayButton
              chosen={days?.day === RUNNING}
              title={`${t("bulletin.so_far")} (${t("bulletin.so_far_hint")})`}
              figures={`${t("bulletin.arrived")} ${wholeNumber(next.arrived)} · ${t("bulletin.waiting_now")} ${wholeNumber(next.waiting)}`}
              onPick={() => setDays({ day: RUNNING, until: RUNNING })}
            />
          )}
          {kept?.map((one) => (
            <DayButton
              key={one.day}
              chosen={days?.day === one.day && days.until === one.day}
              title={dayOf(one.day)}
              figures={`${t("bulletin.arrived")} ${wholeNumber(one.arrived)} · ${t("bulletin.waiting")} ${wholeNumber(one.waiting)}`}
              onPick={() => setDays({ day: one.day, until: one.day })}
            />
          ))}
        </ul>
        {kept?.length === 0 && <p>{t("bulletin.none_yet")}</p>}
      </nav>
      <main>
        {(wrong ?? listWrong) !== null && (
          <p class="refusal" role="alert">
            {problem(wrong ?? listWrong)}
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
            <iframe sandbox="" srcdoc={inTheRoom(page)} title={t("bulletin.title")} />
          </>
        )}
      </main>
    </div>
  );
}

/** The bulletin's page, dark where this one is. */
const inTheRoom = (html: string): string =>
  html.replace("<html ", `<html data-theme="${theme.value}" `);

/** As it is written at a Vietnamese gate, and in the bulletin itself. */
const dayOf = (iso: string): string => iso.split("-").reverse().join("/");

interface DayProps {
  chosen: boolean;
  title: string;
  figures: string;
  onPick: () => void;
}

function DayButton({ chosen, title, figures, onPick }: DayProps) {
  return (
    <li>
      <button type="button" aria-pressed={chosen} onClick={onPick}>
        <b>{title}</b>
        <small>{figures}</small>
      </button>
    </li>
  );
}
