import { find, type Key, t } from "../language";
import { clockTime, instant } from "../time";
import type { Act, ActKind, Refusal } from "./acts";
import { failure, kept } from "./view";
import { drop, waiting } from "./waiting";

const NAMES: Record<ActKind, Key> = {
  accept: "driver.accept",
  late: "driver.late",
  cancel: "driver.cancel",
  slot: "driver.another",
  extension: "driver.more_time",
  standby: "driver.standby",
};

function nameOfAct({ kind, body }: Act): string {
  const { minutes, starts_at } = (body ?? {}) as { minutes?: number; starts_at?: string };
  const name = t(NAMES[kind]);
  if (minutes !== undefined) return `${name} (${t("common.minutes", { m: minutes })})`;
  const timezone = kept.value?.view.timezone;
  if (starts_at === undefined || !timezone) return name;
  return `${name} (${clockTime(instant(starts_at), timezone)})`;
}

/** Why the server said no, in the driver's language where it named a reason we have words for. */
function why({ status, type, detail }: Refusal): string {
  const reason = type.split(":").at(-1) ?? "";
  if (reason === "claim") return t("driver.claim");
  if (reason === "moved") return t("driver.refused_moved");
  const words = find(`refused.${reason}`);
  if (words !== null) return words;
  return status === 409 || status === 410
    ? t("driver.refused_now")
    : t("common.server_error", { status, detail });
}

/** What the driver said that the server has not taken: it waits, or it was refused. */
export function Said() {
  return (
    <>
      {waiting.value.map((one) =>
        one.refused ? (
          <div key={one.id} class="said refusal" role="alert">
            <div>
              <b>{t("driver.refused", { what: nameOfAct(one) })}</b>
              <p>{why(one.refused)}</p>
            </div>
            <button type="button" onClick={() => void drop(one)}>
              {t("driver.understood")}
            </button>
          </div>
        ) : (
          <div key={one.id} class="said" role="status">
            <p>
              {t(failure.value === "network" ? "driver.waiting" : "driver.sending", {
                what: nameOfAct(one),
              })}
            </p>
            {failure.value === "network" && (
              <button type="button" onClick={() => void drop(one)}>
                {t("driver.take_back")}
              </button>
            )}
          </div>
        ),
      )}
    </>
  );
}
