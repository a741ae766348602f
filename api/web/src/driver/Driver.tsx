import { useEffect } from "preact/hooks";
import { nameOf, t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { MissingList } from "../parts/WhyWords";
import { useTick } from "../parts/useTick";
import { ago, clockTime, instant } from "../time";
import type { DriverView } from "../types";
import { Acts } from "./Acts";
import { ClaimByCode } from "./Code";
import { Messages } from "./Messages";
import { Near } from "./Near";
import { Order } from "./Order";
import { PassCard } from "./Pass";
import { Phone } from "./Phone";
import { Said } from "./Said";
import { SlotCard } from "./SlotCard";
import { clock, failure, follow, kept } from "./view";
import { keepSending } from "./waiting";
import { WayMap } from "./WayMap";

function Freshness({ heardAt, view, wall }: { heardAt: number; view: DriverView; wall: number }) {
  const age = ago((wall - heardAt) / 1000);
  if (failure.value === null) return <p class="fresh">{t("driver.updated", { age })}</p>;
  const time = clockTime(instant(view.at), view.timezone);
  return (
    <p class="fresh old" role="alert">
      {t("driver.offline", { time, age })}
    </p>
  );
}

function Nothing() {
  const why = failure.value;
  if (why === null) return <p>{t("common.loading")}</p>;
  const sentence =
    why === 404
      ? t("driver.unknown")
      : why === 410
        ? t("driver.gone")
        : why === "replaced"
          ? t("driver.replaced")
          : why === "network"
            ? t("common.no_network")
            : t("common.server_error", { status: why, detail: "" });
  return (
    <>
      <p class="refusal" role="alert">
        {sentence}
      </p>
      {(why === 404 || why === "replaced") && (
        <a class="button" href="/d">
          {t("driver.login_title")}
        </a>
      )}
    </>
  );
}

function GonePlaces({ view }: { view: DriverView }) {
  // A view kept on the phone from before does not say.
  return (view.gone ?? []).map(({ what, place, next }) => (
    <p key={what} class="refusal" role="alert" data-gone={what}>
      {next
        ? t(`why.${what}_gone`, { place: nameOf(place.name), next: nameOf(next.name) })
        : t(`why.${what}_gone_for_good`, { place: nameOf(place.name) })}
    </p>
  ));
}

/** What to do now, with the places by their names where these stand. */
function Todo({ view }: { view: DriverView }) {
  const { state, gate, yard, gone = [] } = view;
  if ((state === "registered" || state === "staged") && gate && yard && gone.length === 0) {
    return <p>{t(`driver.at_${state}`, { gate: nameOf(gate.name), yard: nameOf(yard.name) })}</p>;
  }
  return <p>{t(`driver.do_${state}`)}</p>;
}

/** Whom the truck still waits for, while it does. */
function Waits({ view: { waits = [] } }: { view: DriverView }) {
  if (waits.length === 0) return null;
  return (
    <section class="waits">
      <h3>{t("driver.waits")}</h3>
      <MissingList missing={waits} />
    </section>
  );
}

export function Driver() {
  useEffect(follow, []);
  useEffect(keepSending, []);
  const wall = useTick(1000);
  const last = kept.value;
  if (!last) {
    return (
      <main class="driver">
        <header>
          <h1>{t("driver.title")}</h1>
          <Help screen="driver" />
          <LanguageSwitch />
        </header>
        <Nothing />
      </main>
    );
  }
  const { view } = last;
  const now = clock.now(wall);
  return (
    <main class="driver" data-stage={view.state}>
      <header>
        <h1>{view.plate}</h1>
        <Help screen="driver" />
        <LanguageSwitch />
      </header>
      <Freshness heardAt={last.heardAt} view={view} wall={wall} />
      <Said />
      <section class="state">
        <h2>{t(`stage.${view.state}`)}</h2>
        {/* Who is not to depart must not read "please drive to the yard". */}
        {view.advice?.kind !== "stay" && <Todo view={view} />}
      </section>
      <GonePlaces view={view} />
      <SlotCard view={view} now={now} />
      <Waits view={view} />
      <PassCard view={view} now={now} />
      {view.claimed && !view.may_act && <ClaimByCode />}
      <dl>
        {view.gate && (
          <div>
            <dt>{t("driver.gate")}</dt>
            <dd>{nameOf(view.gate.name)}</dd>
          </div>
        )}
        {view.yard && view.state !== "cancelled" && (
          <div>
            <dt>{t("driver.yard")}</dt>
            <dd>{nameOf(view.yard.name)}</dd>
          </div>
        )}
        {view.needs && (
          <div>
            <dt>{t("operator.needs")}</dt>
            <dd>{view.needs}</dd>
          </div>
        )}
      </dl>
      <Order view={view} />
      <WayMap view={view} />
      <Near view={view} />
      <Phone view={view} />
      <Messages view={view} />
      <Acts view={view} now={now} />
    </main>
  );
}
