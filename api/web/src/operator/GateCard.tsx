import type { ComponentChildren } from "preact";
import { nameOf, t } from "../language";
import { counted, duration, instant, moment, wholeNumber } from "../time";
import type { GateLive, SiteGate } from "../types";
import { SlotBars } from "./SlotBars";

const CARGOES = ["normal", "reefer", "perishable"] as const;

interface Props {
  gate: SiteGate;
  live: GateLive | undefined;
  now: Date | null;
  timezone: string;
  /** What people entered about the gate, and whom it holds. */
  children: ComponentChildren;
}

/** How the gate was found to work, where that is not as usual; nobody entered it. */
function Found({ live, now, timezone }: { live: GateLive; now: Date; timezone: string }) {
  const { state, state_since: since } = live;
  if (since === null || state === "normal" || state === "unknown") return null;
  return (
    <p class={`found ${state}`} title={t("operator.state_hint")}>
      {t(`operator.state_${state}`, { time: moment(instant(since), now, timezone) })}
    </p>
  );
}

/** In lane, queued and on the way as one bar against the target N*. */
function Load({ live }: { live: GateLive }) {
  const parts = [
    ["in_lane", live.in_lane],
    ["queued", live.queued],
    ["in_transit", live.in_transit],
  ] as const;
  const inside = live.in_lane + live.queued + live.in_transit;
  const target = live.n_target;
  const full = Math.max(inside, (target ?? 0) * 1.25, 1);
  return (
    <div class="load" title={t("operator.load_hint")}>
      <p>
        <span>{t("operator.load")}</span>
        <b>
          {wholeNumber(inside)}
          {target !== null && (
            <small title={t("operator.target_hint")}>
              {" "}
              / {t("operator.target")} {wholeNumber(Math.round(target))}
            </small>
          )}
        </b>
      </p>
      <div class="bar">
        {parts.map(([kind, n]) => (
          <i key={kind} class={kind} style={{ width: `${(100 * n) / full}%` }} />
        ))}
        {target !== null && <s style={{ left: `${(100 * target) / full}%` }} />}
      </div>
      <ul>
        {parts.map(([kind, n]) => (
          <li key={kind}>
            <i class={kind} />
            {t(`operator.${kind}`)} <b>{wholeNumber(n)}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Capacity({ live }: { live: GateLive }) {
  if (live.capacity_per_h === null) return <>{t("common.none")}</>;
  const range =
    live.capacity_low !== null && live.capacity_high !== null
      ? t("operator.capacity_range", {
          low: Math.round(live.capacity_low),
          high: Math.round(live.capacity_high),
        })
      : null;
  return (
    <>
      {wholeNumber(Math.round(live.capacity_per_h))}
      {range && <small> {range}</small>}
    </>
  );
}

export function GateCard({ gate, live, now, timezone, children }: Props) {
  return (
    <article class="gate" data-gate={gate.id}>
      <header>
        <h3>{nameOf(gate.name)}</h3>
        {live && (
          <span class={live.open ? "pill open" : "pill closed"}>
            {t(live.open ? "operator.open" : "operator.closed")}
          </span>
        )}
      </header>
      {live && now && <Found live={live} now={now} timezone={timezone} />}
      {children}
      {live && (
        <>
          <Load live={live} />
          <dl>
            <div>
              <dt>{t("operator.waiting")}</dt>
              <dd>{wholeNumber(live.waiting)}</dd>
            </div>
            <div>
              <dt>{t("operator.wait")}</dt>
              <dd>
                {live.open && live.wait_s !== null ? duration(live.wait_s) : t("common.none")}
              </dd>
            </div>
            <div title={t("operator.due_hint")}>
              <dt>{t("operator.due")}</dt>
              <dd>{wholeNumber(live.due)}</dd>
            </div>
            <div class="whole">
              <dt>{t("operator.waiting_of")}</dt>
              <dd class="two">
                {CARGOES.map((cargo) => (
                  <span key={cargo}>
                    <small>{t(`cargo.${cargo}`)}</small> {wholeNumber(live.waiting_of[cargo] ?? 0)}
                  </span>
                ))}
              </dd>
            </div>
            {typeof live.queue_tail_m === "number" && (
              <div title={t("operator.queue_tail_hint")}>
                <dt>{t("operator.queue_tail")}</dt>
                <dd>
                  {counted("operator.queue_tail_value", live.queue_trucks ?? 0, {
                    m: wholeNumber(Math.round(live.queue_tail_m)),
                  })}
                </dd>
              </div>
            )}
            <div>
              <dt>{t("operator.capacity")}</dt>
              <dd>
                <Capacity live={live} />
              </dd>
            </div>
            <div>
              <dt>{t("operator.cleared")}</dt>
              <dd class="two">
                {(["export", "import"] as const).map((direction) => (
                  <span key={direction}>
                    <small>{t(`direction.${direction}`)}</small>{" "}
                    {wholeNumber(live.cleared[direction])}
                  </span>
                ))}
              </dd>
            </div>
          </dl>
          <SlotBars slots={live.slots} timezone={timezone} />
        </>
      )}
    </article>
  );
}
