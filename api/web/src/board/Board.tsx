import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, language, nameOf, speak, t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { problem } from "../parts/problem";
import { clockTime, dayMonth, instant, longDay, wholeNumber } from "../time";
import type { Board as BoardData } from "../types";
import { askBoard, givenBoard } from "./api";
import { Embedding } from "./Embedding";
import { GatePanel } from "./GatePanel";

const REFRESH_MS = 15_000;

/** On a screen nobody touches (`?lang=all`) the languages take turns, one a refresh. */
const TAKES_TURNS = new URLSearchParams(location.search).get("lang") === "all";

function nextLanguage(): void {
  const next = LANGUAGES[(LANGUAGES.indexOf(language.value) + 1) % LANGUAGES.length];
  if (next) void speak(next);
}

export function Board() {
  const [board, setBoard] = useState<BoardData | null>(givenBoard);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    const look = (): void => {
      askBoard().then((answer) => {
        setBoard(answer);
        setWrong(null);
      }, setWrong);
    };
    if (!board) look();
    const timer = setInterval(() => {
      look();
      if (TAKES_TURNS) nextLanguage();
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);

  if (!board) {
    return (
      <main class="board">
        {wrong === null ? (
          t("common.loading")
        ) : (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
      </main>
    );
  }
  const at = instant(board.at);
  const zone = board.site.timezone;
  const old = wrong !== null || board.stale_s !== null;
  return (
    <main class="board">
      <header>
        <div>
          <h1>{t("board.title")}</h1>
          <p>{nameOf(board.site.name)}</p>
        </div>
        <div class="now">
          <time>{clockTime(at, zone)}</time>
          <span>{longDay(at, zone)}</span>
        </div>
        <Help screen="board" />
        <LanguageSwitch />
      </header>
      {old && (
        <p class="refusal" role="alert">
          {t("board.stale", { time: `${clockTime(at, zone)} ${dayMonth(at, zone)}` })}
        </p>
      )}
      <section class="gates">
        {board.gates.map((gate) => (
          <GatePanel key={gate.id} gate={gate} now={at} timezone={zone} />
        ))}
      </section>
      <p class="means">{t("board.wait_means")}</p>
      <section class="yards">
        <h2>{t("board.yards")}</h2>
        <ul>
          {board.yards.map((yard) => (
            <Yard key={yard.id} yard={yard} />
          ))}
        </ul>
      </section>
      <footer data-ledger={board.ledger?.code}>
        <p>{t("board.computed", { time: `${clockTime(at, zone)} ${dayMonth(at, zone)}` })}</p>
        {board.ledger && <Ledger ledger={board.ledger} timezone={zone} />}
        <Embedding gates={board.gates} />
      </footer>
    </main>
  );
}

function Ledger({
  ledger,
  timezone,
}: {
  ledger: NonNullable<BoardData["ledger"]>;
  timezone: string;
}) {
  return (
    <div>
      {t("board.ledger", {
        seq: wholeNumber(ledger.seq),
        code: ledger.code,
        time: clockTime(instant(ledger.at), timezone),
      })}
      <small>{t("board.ledger_for")}</small>
      <small class="hash">
        {t("board.head_hash")}: <code>{ledger.hash}</code>
      </small>
    </div>
  );
}

function Yard({ yard }: { yard: BoardData["yards"][number] }) {
  const free = yard.capacity - yard.occupancy;
  const share = yard.capacity > 0 ? yard.occupancy / yard.capacity : 0;
  const level = share >= 1 ? "full" : share >= 0.85 ? "tight" : "easy";
  return (
    <li data-yard={yard.id}>
      <p>{nameOf(yard.name)}</p>
      <div class="bar">
        <i class={level} style={{ width: `${Math.min(100, 100 * share)}%` }} />
      </div>
      <div>
        <small>
          {wholeNumber(yard.occupancy)} / {wholeNumber(yard.capacity)}
        </small>
        <b>{free > 0 ? t("board.free", { n: wholeNumber(free) }) : t("board.full")}</b>
      </div>
    </li>
  );
}
