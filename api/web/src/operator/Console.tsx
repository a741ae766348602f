import { useEffect, useMemo, useState } from "preact/hooks";
import { getMessageSummary, getSite, listClosures, listHeld } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import type { Session, Site, TruckState } from "../types";
import { Alerts } from "./Alerts";
import { Corridor } from "./Corridor";
import { Drawer } from "./Drawer";
import { Gate } from "./Gate";
import { Legend } from "./Legend";
import { LiveLine } from "./live";
import { MapView } from "./MapView";
import { Messages } from "./Messages";
import { TopBar, type View } from "./TopBar";
import { Yards } from "./Yards";

/** Closures come from other desks too, and who is held changes with every plan. */
const ASK_AGAIN_MS = 10_000;

interface Props {
  session: Session;
  onLeave: () => void;
}

function toggled(hidden: ReadonlySet<TruckState>, state: TruckState): Set<TruckState> {
  const next = new Set(hidden);
  if (!next.delete(state)) next.add(state);
  return next;
}

export function Console({ session, onLeave }: Props) {
  const [site, setSite] = useState<Site | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [hidden, setHidden] = useState<ReadonlySet<TruckState>>(new Set());
  const [selected, setSelected] = useState<number | null>(null);
  const [travel, setTravel] = useState(0);
  const [view, setView] = useState<View>("map");
  const [desk, setDesk] = useState<"alerts" | "messages" | null>(null);
  const closures = useAsked(listClosures, ASK_AGAIN_MS, []);
  const held = useAsked(listHeld, ASK_AGAIN_MS, []);
  const watches = session.role !== "planner";
  const messages = useAsked(async () => (watches ? getMessageSummary() : null), ASK_AGAIN_MS, []);
  const line = useMemo(() => new LiveLine(onLeave), []);

  useEffect(() => {
    getSite().then(setSite, setWrong);
    line.open();
    return () => line.close();
  }, [line]);
  useEffect(() => {
    const close = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      setSelected(null);
      setDesk(null);
    };
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, []);

  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!site) return <main class="login">{t("common.loading")}</main>;

  const picture = line.picture.value;
  const show = (id: number): void => {
    setSelected(id);
    setTravel(travel + 1);
    setView("map");
    setDesk(null);
  };
  return (
    <div class="console">
      <TopBar
        site={site}
        session={session}
        line={line}
        view={view}
        onView={setView}
        onLeave={onLeave}
        onAlerts={watches ? () => setDesk(desk === "alerts" ? null : "alerts") : null}
        onMessages={watches ? () => setDesk(desk === "messages" ? null : "messages") : null}
        dead={messages.answer?.dead ?? 0}
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
          onToggle={(state) => setHidden(toggled(hidden, state))}
        />
        {view === "corridor" && <Corridor site={site} at={picture?.at ?? null} />}
        {desk === "alerts" && (
          <Alerts
            site={site}
            waiting={picture?.alerts ?? 0}
            onShow={show}
            onClose={() => setDesk(null)}
          />
        )}
        {desk === "messages" && (
          <Messages
            timezone={site.timezone}
            summary={messages}
            mayRetry={session.role === "operator" || session.role === "administrator"}
            onShow={show}
            onClose={() => setDesk(null)}
          />
        )}
        {selected !== null && desk === null && (
          <Drawer
            id={selected}
            site={site}
            session={session}
            line={line}
            onClose={() => setSelected(null)}
          />
        )}
      </main>
      <aside class="boards">
        {site.gates.map((gate) => (
          <Gate
            key={gate.id}
            gate={gate}
            session={session}
            picture={picture}
            timezone={site.timezone}
            closures={closures}
            held={held}
            onPick={show}
          />
        ))}
        <Yards yards={site.yards} live={picture?.yards ?? []} />
      </aside>
    </div>
  );
}
