import { useEffect, useState } from "preact/hooks";
import { nameOf, t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { AccountMenu } from "../parts/AccountMenu";
import { problem } from "../parts/problem";
import { WithSession } from "../parts/WithSession";
import { clockTime, instant } from "../time";
import type { Session } from "../types";
import type { GateList, Kind, Refusal } from "./api";
import { byPass, byPlate, type Found, isUncleared } from "./check";
import { keepPage } from "./kept_page";
import { isPassText, readPass } from "./pass";
import { Scanner } from "./Scanner";
import * as store from "./store";
import { TruckCard } from "./TruckCard";

const EXCHANGE_MS = 15_000;
const TOUCH_MS = 80;

export function GatePage() {
  return (
    <WithSession
      title={t("gate.title")}
      roles={["officer", "operator", "administrator"]}
      kept={store.keptSession()}
    >
      {(session, leave) => <Post session={session} onLeave={leave} />}
    </WithSession>
  );
}

interface PostProps {
  session: Session;
  onLeave: () => void;
}

function Post({ session, onLeave }: PostProps) {
  const officer = session.account;
  useEffect(() => {
    store.keepSession(session);
    keepPage();
    const exchange = (): void => void store.exchange(officer);
    exchange();
    const timer = setInterval(exchange, EXCHANGE_MS);
    addEventListener("online", exchange);
    return () => {
      clearInterval(timer);
      removeEventListener("online", exchange);
    };
  }, [officer]);
  const place = store.place.value;
  const gate = place?.gates.find((one) => one.id === store.gate.value);
  return (
    <main class="post">
      <header>
        <h1>{gate ? nameOf(gate.name) : t("gate.title")}</h1>
        <Help screen="gate" early />
        <LanguageSwitch />
        {gate && (
          <button type="button" class="other" onClick={() => store.chooseGate(null)}>
            {t("gate.other_gate")}
          </button>
        )}
        <AccountMenu session={session} onLeave={onLeave} />
      </header>
      <Network />
      {!place && <p>{store.offline.value ? t("gate.no_list") : t("common.loading")}</p>}
      {place && !gate && <Gates place={place} officer={officer} />}
      {place && gate && <Desk key={gate.id} place={place} officer={officer} />}
    </main>
  );
}

function Network() {
  const waits = store.waiting.value.length;
  return (
    <>
      {store.wrong.value !== null && (
        <p class="refusal" role="alert">
          {problem(store.wrong.value)}
        </p>
      )}
      {store.offline.value && (
        <p class="offline" role="status">
          {t("gate.offline")}
        </p>
      )}
      {waits > 0 && (
        <p class="waits">{waits === 1 ? t("gate.waiting_one") : t("gate.waiting", { n: waits })}</p>
      )}
      {store.rejected.value.map(({ plate, detail }, index) => (
        <p class="refusal" role="alert" key={index}>
          {t("gate.rejected", { plate, detail })}
        </p>
      ))}
    </>
  );
}

function Gates({ place, officer }: { place: store.Place; officer: string }) {
  return (
    <section class="gates">
      <h2>{t("gate.choose")}</h2>
      {place.gates.map((one) => (
        <button
          type="button"
          key={one.id}
          data-gate={one.id}
          onClick={() => {
            store.chooseGate(one.id);
            void store.exchange(officer);
          }}
        >
          {nameOf(one.name)}
        </button>
      ))}
    </section>
  );
}

/** One gate: scan or type, see, decide. */
function Desk({ place, officer }: { place: store.Place; officer: string }) {
  const [scanning, setScanning] = useState(false);
  const [found, setFound] = useState<Found | null>(null);
  const [done, setDone] = useState("");
  const list = store.list.value;
  if (!list) return <p>{store.offline.value ? t("gate.no_list") : t("common.loading")}</p>;

  function show(one: Found): void {
    navigator.vibrate?.(TOUCH_MS);
    setScanning(false);
    setDone("");
    setFound(one);
  }

  async function scanned(text: string, known: GateList): Promise<void> {
    show(byPass(await readPass(text, [known.public_key, ...(known.former_keys ?? [])]), known, store.now()));
  }

  /** A plate or a pasted pass; tells whether it could be either. */
  function typed(text: string, known: GateList): boolean {
    if (isPassText(text)) {
      void scanned(text.trimStart(), known);
      return true;
    }
    const one = byPlate(text, known, store.now());
    if (one) show(one);
    return one !== null;
  }

  function decided(one: Found, kind: Kind, reason?: Refusal): void {
    const truck = one.trip === null ? { plate: one.plate } : { trip: one.trip };
    const uncleared = kind === "admitted" && isUncleared(one.row);
    store.decide(
      { ...truck, kind, ...(reason && { reason }), ...(uncleared && { uncleared }) },
      one.plate,
      officer,
    );
    setFound(null);
    setDone(t(`gate.done_${kind}`, { plate: one.plate }));
  }

  return (
    <div class="desk">
      <section class="ways">
        {scanning ? (
          <Scanner onRead={(text) => void scanned(text, list)} onStop={() => setScanning(false)} />
        ) : (
          <button type="button" class="main scan" onClick={() => setScanning(true)}>
            {t("gate.scan")}
          </button>
        )}
        <PlateForm onText={(text) => typed(text, list)} />
        <p class="heard">
          {t("gate.list_at", {
            time: clockTime(instant(list.at), place.timezone),
            n: list.trips.filter(
              (one) => (one.elsewhere ?? one.admission?.gate ?? list.gate) === list.gate,
            ).length,
          })}
        </p>
      </section>
      {done && (
        <p class="done" role="status">
          {done}
        </p>
      )}
      {found && (
        <TruckCard
          key={`${found.plate} ${found.finding.key}`}
          found={found}
          place={place}
          onDecide={(kind, reason) => decided(found, kind, reason)}
          onNext={() => setFound(null)}
        />
      )}
    </div>
  );
}

function PlateForm({ onText }: { onText: (text: string) => boolean }) {
  const [wrong, setWrong] = useState(false);
  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const understood = onText(String(new FormData(form).get("plate")));
    setWrong(!understood);
    if (understood) form.reset();
  }
  return (
    <form class="by-plate" onSubmit={submit}>
      <label>
        {t("gate.plate")}
        <input name="plate" required autocomplete="off" autocapitalize="characters" />
      </label>
      <button>{t("gate.find")}</button>
      {wrong && (
        <p class="refusal" role="alert">
          {t("gate.no_plate")}
        </p>
      )}
    </form>
  );
}
