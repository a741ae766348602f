import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { ApiError } from "../request";
import type { DriverView } from "../types";
import { QrCode } from "./Pass";
import { canPush, pushed, startPush, stopPush } from "./push";
import { resumeSharing, sharing, startSharing, stopSharing, tracker, unsent } from "./share";

/** Stages in which a truck's place still tells something. */
const ON_ITS_WAY: readonly DriverView["state"][] = ["registered", "staged", "released", "queued"];

/** A tracker reports every quarter of an hour at least, also when parked (QCVN 31), ms. */
const SILENT_MS = 30 * 60_000;

/** Is there no tracker in the truck, or one that has fallen silent? */
function unfollowed({ tracker: by, position, at }: DriverView): boolean {
  if (by !== "device" || position === null) return true;
  return Date.parse(at) - Date.parse(position.at) > SILENT_MS;
}

/** What this phone can do for its truck beside showing: be its tracker, and ring. */
export function Phone({ view }: { view: DriverView }) {
  const under_way = ON_ITS_WAY.includes(view.state);
  useEffect(() => {
    if (under_way) resumeSharing();
    else stopSharing();
  }, [under_way]);
  if (!view.may_act || !under_way) return null;
  return (
    <>
      {(unfollowed(view) || tracker.value !== null) && <Share />}
      {view.push_key !== null && canPush() && <Push publicKey={view.push_key} />}
    </>
  );
}

function refusal(error: unknown): string {
  const conflict = error instanceof ApiError && error.status === 409;
  return conflict ? t("driver.refused_now") : problem(error);
}

function useTrying(): [unknown, (work: Promise<void>) => void] {
  const [wrong, setWrong] = useState<unknown>(null);
  return [wrong, (work) => void work.then(() => setWrong(null), setWrong)];
}

function Share() {
  const [wrong, attempt] = useTrying();
  const on = sharing.value === "on";
  return (
    <section class="offer share" data-sharing={sharing.value}>
      <h2>{t(on ? "driver.share_on" : "driver.share")}</h2>
      {!on && <p>{t("driver.share_why")}</p>}
      {sharing.value === "denied" && <p class="refusal">{t("driver.share_denied")}</p>}
      {wrong !== null && <p class="refusal">{refusal(wrong)}</p>}
      {on && unsent.value > 0 && <p>{t("driver.share_waiting", { n: unsent.value })}</p>}
      {on && tracker.value && (
        <>
          <p>{t("driver.share_screen")}</p>
          <a class="button" href={tracker.value.traccar_link}>
            {t("driver.share_app")}
          </a>
          <div class="white">
            <QrCode path={tracker.value.qr_path} size={tracker.value.qr_size} />
          </div>
        </>
      )}
      <button type="button" onClick={() => (on ? stopSharing() : attempt(startSharing()))}>
        {t(on ? "driver.share_stop" : "driver.share")}
      </button>
    </section>
  );
}

function Push({ publicKey }: { publicKey: string }) {
  const [wrong, attempt] = useTrying();
  const on = pushed.value === "on";
  return (
    <section class="offer push" data-push={pushed.value}>
      <p>{t(on ? "driver.push_on" : "driver.push_why")}</p>
      {pushed.value === "denied" && <p class="refusal">{t("driver.push_denied")}</p>}
      {wrong !== null && <p class="refusal">{refusal(wrong)}</p>}
      <button type="button" onClick={() => attempt(on ? stopPush() : startPush(publicKey))}>
        {t(on ? "driver.push_stop" : "driver.push")}
      </button>
    </section>
  );
}
