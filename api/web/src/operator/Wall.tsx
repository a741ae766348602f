import { listClosures } from "../client";
import { nameOf, t } from "../language";
import { useAsked } from "../parts/useAsked";
import { clockTime, duration, instant, longDay, moment, wholeNumber } from "../time";
import type { GateLive, Site, SiteGate } from "../types";
import { Age } from "./Age";
import type { LiveLine } from "./live";
import { MapView } from "./MapView";
import { loadColour } from "./palette";
import "./wall.css";

const CLOSURES_MS = 30_000;
const NOBODY: ReadonlySet<never> = new Set();

interface Props {
  site: Site;
  line: LiveLine;
  onLeave: () => void;
}

/** The command centre's wall: what stands, in figures that are read from five metres; no controls. */
export function Wall({ site, line, onLeave }: Props) {
  const picture = line.picture.value;
  const at = picture ? instant(picture.at) : null;
  const closures = useAsked(() => listClosures(), CLOSURES_MS, [], picture?.marks?.closures);
  const standing = (closures.answer ?? []).filter((one) => at && instant(one.starts_at) <= at);
  return (
    <div class="wall">
      <header>
        <h1>{nameOf(site.name)}</h1>
        <Age line={line} timezone={site.timezone} />
        {picture !== null && picture.alerts > 0 && (
          <strong class="alarm">
            {t("operator.desk_alerts")} <b>{wholeNumber(picture.alerts)}</b>
          </strong>
        )}
        <time>{at ? clockTime(at, site.timezone) : "--:--"}</time>
        <span>{at ? longDay(at, site.timezone) : ""}</span>
        <button type="button" class="leave" onClick={onLeave}>
          {t("operator.wall_leave")}
        </button>
      </header>
      <main>
        <MapView
          site={site}
          line={line}
          hidden={NOBODY}
          selected={null}
          travel={0}
          onPick={() => undefined}
        />
      </main>
      <section class="gates">
        {site.gates.map((gate) => {
          const live = picture?.gates.find((one) => one.id === gate.id);
          return live && at && <WallGate key={gate.id} gate={gate} live={live} site={site} at={at} />;
        })}
        {standing.map((closure) => (
          <p key={closure.id} class="closed-now">
            <b>{nameOf(site.gates.find((one) => one.id === closure.gate)?.name ?? site.name)}</b>{" "}
            {closure.places_left === 0
              ? t("closure.shut")
              : t("closure.limited", { n: wholeNumber(closure.places_left) })}
            {": "}
            {closure.reason}
          </p>
        ))}
      </section>
      <footer>
        {site.yards.map((yard) => {
          const now = picture?.yards.find((one) => one.id === yard.id);
          if (!now) return null;
          const share = now.capacity > 0 ? now.occupancy / now.capacity : 0;
          return (
            <article key={yard.id} data-yard={yard.id}>
              <h3>{nameOf(yard.name)}</h3>
              <p>
                <b>{wholeNumber(now.occupancy)}</b> / {wholeNumber(now.capacity)}
              </p>
              <div class="bar">
                <i
                  style={{ width: `${Math.min(100, 100 * share)}%`, background: loadColour(share) }}
                />
              </div>
            </article>
          );
        })}
      </footer>
    </div>
  );
}

interface GateProps {
  gate: SiteGate;
  live: GateLive;
  site: Site;
  at: Date;
}

function WallGate({ gate, live, site, at }: GateProps) {
  const found = live.state === "normal" || live.state === "unknown" ? null : live.state;
  const none = t("common.none");
  const figures = [
    ["queued", wholeNumber(live.queued)],
    ["waiting", wholeNumber(live.waiting)],
    ["in_transit", wholeNumber(live.in_transit)],
    ["wait", live.open && live.wait_s !== null ? duration(live.wait_s) : none],
    ["capacity", live.capacity_per_h === null ? none : wholeNumber(Math.round(live.capacity_per_h))],
    ["cleared", wholeNumber(live.cleared.export + live.cleared.import)],
  ] as const;
  return (
    <article class="wall-gate" data-gate={gate.id}>
      <header>
        <h2>{nameOf(gate.name)}</h2>
        <span class={live.open ? "pill open" : "pill closed"}>
          {t(live.open ? "operator.open" : "operator.closed")}
        </span>
      </header>
      {found && live.state_since && (
        <p class={`found ${found}`}>
          {t(`operator.state_${found}`, {
            time: moment(instant(live.state_since), at, site.timezone),
          })}
        </p>
      )}
      <dl>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{t(`operator.${name}`)}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}
