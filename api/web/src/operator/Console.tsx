import { useEffect, useLayoutEffect, useMemo, useState } from "preact/hooks";
import { getMessageSummary, getSite } from "../client";
import { t } from "../language";
import { keepFocus } from "../parts/focus";
import { lazily } from "../parts/lazily";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import type { Session, Site } from "../types";
import { listActs } from "./acts/api";
import { hear } from "./acts/heard";
import { Boards } from "./Boards";
import { listColleagues, meet } from "./colleagues";
import { Corridor } from "./Corridor";
import { Desks } from "./Desks";
import { Drawer } from "./Drawer";
import { Legend } from "./Legend";
import { LiveLine } from "./live";
import { MapView } from "./MapView";
import type { Shown } from "./shown";
import { TopBar } from "./TopBar";
import { useWall } from "./useWall";
import { type Desk, type View, watches } from "./views";
import { Wall } from "./Wall";

const ASK_AGAIN_MS = 10_000;
const COLLEAGUES_MS = 300_000;
/** How soon the site is asked for again that could not be had. */
const RETRY_MS = 3_000;
const ZonesView = lazily(() => import("./zones/ZonesView").then((part) => part.ZonesView));

interface Props {
  session: Session;
  onLeave: () => void;
}

function toggled(hidden: ReadonlySet<Shown>, one: Shown): Set<Shown> {
  const next = new Set(hidden);
  if (!next.delete(one)) next.add(one);
  return next;
}

export function Console({ session, onLeave }: Props) {
  const [site, setSite] = useState<Site | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [hidden, setHidden] = useState<ReadonlySet<Shown>>(new Set());
  const [selected, setSelected] = useState<number | null>(null);
  const [travel, setTravel] = useState(0);
  const [view, setView] = useState<View>("map");
  const [desk, setDesk] = useState<Desk | null>(null);
  const [wall, setWall] = useWall();
  const [boards, setBoards] = useState(true);
  const line = useMemo(() => new LiveLine(onLeave), []);
  const picture = line.picture.value;
  const messages = useAsked(
    async () => (watches(session) ? getMessageSummary() : null),
    ASK_AGAIN_MS,
    [],
    picture?.marks?.messages,
  );

  const waiting = useAsked(
    async () => (watches(session) ? listActs("waiting") : []),
    ASK_AGAIN_MS,
    [],
    picture?.marks?.acts,
  );

  const colleagues = useAsked(listColleagues, COLLEAGUES_MS, []);

  useEffect(() => hear(picture), [picture]);
  useEffect(() => meet(colleagues.answer), [colleagues.answer]);
  useEffect(() => {
    line.open();
    return () => line.close();
  }, [line]);
  useEffect(() => {
    let timer = 0;
    let current = true;
    const ask = (): void => {
      getSite().then(
        (next) => {
          // The map is made anew with the site, so only where it is another one; an answer that
          // is asked for anew meanwhile is better than none.
          setSite((known) =>
            known && (!current || JSON.stringify(known) === JSON.stringify(next)) ? known : next,
          );
          setWrong(null);
        },
        (error: unknown) => {
          if (!current) return;
          setWrong(error);
          timer = setTimeout(ask, RETRY_MS);
        },
      );
    };
    ask();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [picture?.marks?.zones]);
  useLayoutEffect(() => {
    const close = (event: KeyboardEvent): void => {
      // What is topmost closes alone; a dialog sees to itself.
      if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
      if (wall) setWall(false);
      else if (desk !== null) setDesk(null);
      else setSelected(null);
    };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [wall, desk]);
  useLayoutEffect(keepFocus, []);

  if (!site) {
    if (wrong === null) return <main class="login">{t("common.loading")}</main>;
    return <p class="refusal">{problem(wrong)}</p>;
  }

  if (wall) return <Wall site={site} line={line} onLeave={() => setWall(false)} />;

  const show = (id: number): void => {
    setSelected(id);
    setTravel(travel + 1);
    setView("map");
    setDesk(null);
  };
  return (
    <div class={boards ? "console" : "console alone"}>
      <TopBar
        site={site}
        session={session}
        line={line}
        view={view}
        onView={setView}
        desk={desk}
        onDesk={(one) => setDesk(desk === one ? null : one)}
        counts={{ alerts: picture?.alerts ?? 0, acts: waiting.answer?.length ?? 0, messages: messages.answer?.dead ?? 0 }}
        boards={boards}
        onBoards={() => setBoards(!boards)}
        onWall={() => setWall(true)}
        onLeave={onLeave}
        onPick={show}
      />
      <main>
        <MapView
          site={site}
          line={line}
          hidden={hidden}
          selected={selected}
          travel={travel}
          onPick={setSelected}
        />
        <Legend
          line={line}
          hidden={hidden}
          onToggle={(one) => setHidden(toggled(hidden, one))}
        />
        {view === "corridor" && (
          <Corridor
            site={site}
            at={picture?.at ?? null}
            marked={selected}
            onPick={(trip) => {
              setSelected(trip);
              setDesk(null);
            }}
          />
        )}
        {view === "zones" && (
          <ZonesView site={site} session={session} onClose={() => setView("map")} />
        )}
        {desk !== null && (
          <Desks
            desk={desk}
            site={site}
            session={session}
            picture={picture}
            messages={messages}
            onShow={show}
            onClose={() => setDesk(null)}
          />
        )}
        {selected !== null && desk === null && (
          <Drawer
            id={selected}
            travel={travel}
            site={site}
            session={session}
            line={line}
            onDiagram={() => setView("corridor")}
            onClose={() => setSelected(null)}
          />
        )}
      </main>
      {boards && <Boards site={site} session={session} picture={picture} onPick={show} />}
    </div>
  );
}
