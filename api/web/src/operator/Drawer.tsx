import { useState } from "preact/hooks";
import { getTrip } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { clockTime, dayMonth, instant } from "../time";
import type { Session, Site, Trip } from "../types";
import type { ActRecord } from "./acts/acts";
import { listActs } from "./acts/api";
import { reasonName } from "./acts/Because";
import { heard } from "./acts/heard";
import { holdOf } from "./acts/holds";
import { TruckActs } from "./acts/TruckActs";
import { placeName } from "./alarms";
import { who } from "./colleagues";
import { DrawerHead } from "./DrawerHead";
import { EtaBar } from "./EtaBar";
import type { LiveLine } from "./live";
import { STATE_COLOUR } from "./palette";
import { Replay } from "./Replay";
import { TripFields } from "./TripFields";
import { TripOrder } from "./TripOrder";
import { TripPast } from "./TripPast";
import { watches } from "./views";
import "./drawer.css";

/** The registry's part of a truck changes by the minute, its position by the second. */
const ASK_AGAIN_MS = 10_000;
export const TABS = ["trip", "visits", "messages", "devices"] as const;
type Tab = (typeof TABS)[number];

interface Props {
  id: number;
  /** Counts up each time the truck is asked for, the same one again too. */
  travel: number;
  site: Site;
  session: Session;
  line: LiveLine;
  /** Show the space-time diagram, where the truck's line stands out. */
  onDiagram: () => void;
  onClose: () => void;
}

export function Drawer({ id, travel, site, session, line, onDiagram, onClose }: Props) {
  const mark = heard.value?.acts;
  const asked = useAsked(() => getTrip(id), ASK_AGAIN_MS, [id], mark);
  const standing = useAsked(
    async () => (watches(session) ? listActs("standing") : []),
    ASK_AGAIN_MS,
    [id],
    mark,
  );
  const [tab, setTab] = useState<Tab>("trip");
  const [replays, setReplays] = useState<number | null>(null);
  const { answer: trip, wrong } = asked;

  void line.version.value;
  const truck = line.trucks.get(id);
  const picture = line.picture.value;
  const plate = truck?.plate ?? trip?.plate;
  return (
    <aside class="drawer truck" aria-label={plate ?? String(id)}>
      <DrawerHead title={plate ?? "…"} opened={[id, travel]} onClose={onClose} />
      {truck && (
        <p class="state">
          <i style={{ background: STATE_COLOUR[truck.state] }} />
          {t(`state.${truck.state}`)}
          {truck.held && <b class="held-mark">{t("state.held")}</b>}
        </p>
      )}
      {trip && trip.state !== "active" && <p class="state">{t(`drawer.ended_${ended(trip)}`)}</p>}
      <div class="choices">
        {replays !== id && (
          <button type="button" onClick={() => setReplays(id)}>
            {t("drawer.replay")}
          </button>
        )}
        <button type="button" onClick={onDiagram}>
          {t("drawer.diagram")}
        </button>
      </div>
      {replays === id && <Replay trip={id} site={site} onClose={() => setReplays(null)} />}
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {!trip && wrong === null && <p class="quiet">{t("common.loading")}</p>}
      <Tabs tab={tab} onTab={setTab} />
      {trip && tab === "trip" && (
        <>
          <Slot trip={trip} hold={holdOf(standing.answer ?? [], trip)} site={site} />
          {trip.eta && <EtaBar eta={trip.eta} site={site} />}
          <TruckActs {...{ trip, site, session, standing }} onDone={asked.again} />
          <TripOrder
            trip={trip}
            session={session}
            timezone={site.timezone}
            gateName={(gate) => placeName(gate, site)}
            onChanged={asked.again}
          />
          <TripFields trip={trip} site={site} truck={truck} at={picture?.at ?? null} />
        </>
      )}
      {trip && tab !== "trip" && <TripPast trip={trip} site={site} part={tab} />}
    </aside>
  );
}

const ended = (trip: Trip): "cleared" | "cancelled" =>
  trip.state === "cleared" ? "cleared" : "cancelled";

function Tabs({ tab, onTab }: { tab: Tab; onTab: (tab: Tab) => void }) {
  function press(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length] ?? tab;
    onTab(next);
    const bar = event.currentTarget as HTMLElement;
    bar.querySelector<HTMLElement>(`[data-tab=${next}]`)?.focus();
    event.preventDefault();
  }
  return (
    <div class="views tabs" role="tablist" onKeyDown={press}>
      {TABS.map((one) => (
        <button
          type="button"
          role="tab"
          key={one}
          data-tab={one}
          aria-selected={one === tab}
          aria-pressed={one === tab}
          tabIndex={one === tab ? 0 : -1}
          onClick={() => onTab(one)}
        >
          {t(`drawer.tab_${one}`)}
        </button>
      ))}
    </div>
  );
}

/** The slot its driver was told; one that a hold has taken is said as lost, below the hold. */
function Slot({ trip, hold, site }: { trip: Trip; hold: ActRecord | undefined; site: Site }) {
  const { slot } = trip;
  const ends = hold?.params.ends_at;
  const lost =
    hold !== undefined && slot !== null && (ends === undefined || instant(slot.starts_at) < instant(ends));
  if (slot === null && hold === undefined) {
    return (
      <section class="slot">
        <span>{t("operator.no_slot")}</span>
      </section>
    );
  }
  const time = slot && {
    start: clockTime(instant(slot.starts_at), site.timezone),
    end: clockTime(instant(slot.ends_at), site.timezone),
  };
  const where = slot && `${dayMonth(instant(slot.starts_at), site.timezone)} · ${placeName(slot.gate, site)}`;
  return (
    <section class={hold ? "slot held" : "slot"}>
      {hold && (
        <>
          <b>
            {ends === undefined
              ? t("act.held_open")
              : t("act.held_until", { time: clockTime(instant(ends), site.timezone) })}
          </b>
          <span>
            {[who(hold.by), reasonName(hold.reason), hold.note].filter(Boolean).join(" · ")}
          </span>
        </>
      )}
      {time && lost && <span class="lost">{t("act.slot_lost", { ...time, where: where ?? "" })}</span>}
      {time && !lost && (
        <>
          <b>
            {time.start}–{time.end}
          </b>
          <span>{where}</span>
        </>
      )}
    </section>
  );
}
