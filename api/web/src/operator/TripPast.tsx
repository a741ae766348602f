import { getPast } from "../client";
import { find, t } from "../language";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { clockTime, dayMonth, instant } from "../time";
import type { Site, Trip } from "../types";
import { placeName } from "./alarms";
import { who } from "./colleagues";
import type { CarriedDevice, Clearance, PastMessage, PastVisit } from "./past";

const ASK_AGAIN_MS = 15_000;

interface Props {
  trip: Trip;
  site: Site;
  part: "visits" | "messages" | "devices";
}

type Moment = (iso: string) => string;

/** What was seen, said and decided of a trip so far. */
export function TripPast({ trip, site, part }: Props) {
  const { answer: past, wrong } = useAsked(() => getPast(trip.id), ASK_AGAIN_MS, [trip.id]);
  const moment: Moment = (iso) => {
    const at = instant(iso);
    return `${clockTime(at, site.timezone)} ${dayMonth(at, site.timezone)}`;
  };
  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!past) return <p class="quiet">{t("common.loading")}</p>;
  if (part === "messages") return <Messages messages={past.messages} moment={moment} />;
  if (part === "devices") return <Devices devices={past.devices} moment={moment} />;
  return (
    <>
      <Visits visits={past.visits} site={site} moment={moment} />
      <Clearances clearances={past.clearances} site={site} moment={moment} />
    </>
  );
}

const Nothing = () => <p class="quiet">{t("drawer.nothing")}</p>;

function Visits({ visits, site, moment }: { visits: PastVisit[]; site: Site; moment: Moment }) {
  return (
    <section>
      <h3>{t("drawer.visits")}</h3>
      {visits.length === 0 && <Nothing />}
      <ul class="past">
        {visits.map((visit, n) => (
          <li key={n}>
            <b>{placeName(visit.zone, site)}</b>
            <span>
              {moment(visit.entered_at)} – {visit.left_at ? moment(visit.left_at) : t("drawer.still")}
            </span>
            <span class="quiet">
              {[
                visit.seen_inside ? t("drawer.seen_inside") : null,
                visit.role === "yard" && visit.counts_at !== visit.entered_at
                  ? t("drawer.counts", { time: moment(visit.counts_at) })
                  : null,
                visit.role === "yard" && visit.counts_at === visit.entered_at
                  ? t("drawer.proved", { device: visit.device })
                  : null,
                visit.revised > 0 ? t("drawer.revised", { n: visit.revised }) : null,
              ]
                .filter((word) => word !== null)
                .join(" · ")}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface ClearancesProps {
  clearances: Clearance[];
  site: Site;
  moment: Moment;
}

function Clearances({ clearances, site, moment }: ClearancesProps) {
  return (
    <section>
      <h3>{t("drawer.clearances")}</h3>
      {clearances.length === 0 && <Nothing />}
      <ul class="past">
        {clearances.map((one, n) => (
          <li key={n} class={one.kind}>
            <b>{t(`drawer.decided_${one.kind}`)}</b>
            <span>
              {moment(one.at)} · {placeName(one.gate, site)}
            </span>
            <span class="quiet">
              {who(one.decided_by)}
              {one.reason && ` · ${find(`gate.reason_${one.reason}`) ?? one.reason}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Messages({ messages, moment }: { messages: PastMessage[]; moment: Moment }) {
  if (messages.length === 0) return <Nothing />;
  return (
    <ul class="past">
      {messages.map((one) => (
        <li key={one.id} class={one.state}>
          <b>{find(`drawer.message_${one.kind}`) ?? one.kind}</b>
          <span>{moment(one.sent_at ?? one.created_at)}</span>
          <span class="quiet">
            {find(`sms_desk.${one.state}`) ?? one.state}
            {one.delivery && ` · ${find(`drawer.delivery_${one.delivery}`) ?? one.delivery}`}
            {one.trouble && ` · ${one.trouble}`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Devices({ devices, moment }: { devices: CarriedDevice[]; moment: Moment }) {
  if (devices.length === 0) return <Nothing />;
  return (
    <ul class="past">
      {devices.map((one, n) => (
        <li key={n} class={one.fault === null ? "" : "refused"}>
          <b>{one.device}</b>
          <span>
            {moment(one.since)} – {one.until ? moment(one.until) : t("drawer.still")}
          </span>
          <span class="quiet">
            {t(one.is_primary ? "drawer.primary" : "drawer.second")}
            {one.seen_at !== null && ` · ${t("drawer.last_fix", { time: moment(one.seen_at) })}`}
          </span>
          {one.fault !== null && one.fault_since !== null && (
            <span class="fault">
              {t("drawer.faulty", { reason: one.fault, time: moment(one.fault_since) })}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}
