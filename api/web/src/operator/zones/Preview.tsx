import { useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { clockTime, dayAfter, dayMonth, decimal, instant, localDay, wholeNumber } from "../../time";
import { type Outcome, rehearse, type Stay } from "./api";
import { zoneName } from "./Check";
import type { DraftStore } from "./store";

const PAST_DAYS = 7;

/** What a past day would have been under the draft. */
export function Preview({ store, timezone }: { store: DraftStore; timezone: string }) {
  const { id, now, faults, changed } = store.draft.value;
  const today = localDay(instant(now), timezone);
  const days = Array.from({ length: PAST_DAYS + 1 }, (_, n) => dayAfter(today, -n));
  const [day, setDay] = useState(days[1] ?? today);
  const [played, setPlayed] = useState<{ played: number; near: number } | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const may = faults.length === 0 && changed.length > 0 && played === null;

  async function ask(): Promise<void> {
    setWrong(null);
    setOutcome(null);
    setPlayed({ played: 0, near: 0 });
    try {
      await store.settle();
      setOutcome(await rehearse(id, day, (done, near) => setPlayed({ played: done, near })));
    } catch (error) {
      setWrong(error);
    }
    setPlayed(null);
  }
  const named = (one: string, n: number): string => {
    const date = dayMonth(new Date(`${one}T12:00:00Z`), "UTC");
    if (n === 0) return `${date} (${t("zone_editor.today")})`;
    return n === 1 ? `${date} (${t("zone_editor.yesterday")})` : date;
  };
  return (
    <section class="zones-preview">
      <h3>{t("zone_editor.preview")}</h3>
      <p class="quiet">{t("zone_editor.preview_hint")}</p>
      <div class="row">
        <select
          name="day"
          aria-label={t("zone_editor.day")}
          value={day}
          onChange={(event) => setDay(event.currentTarget.value)}
        >
          {days.map((one, n) => (
            <option key={one} value={one}>
              {named(one, n)}
            </option>
          ))}
        </select>
        <button type="button" name="try" disabled={!may} onClick={() => void ask()}>
          {t("zone_editor.try")}
        </button>
      </div>
      {played && <p role="status">{t("zone_editor.playing", played)}</p>}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {outcome && <Came outcome={outcome} store={store} timezone={timezone} />}
    </section>
  );
}

interface CameProps {
  outcome: Outcome;
  store: DraftStore;
  timezone: string;
}

function Came({ outcome, store, timezone }: CameProps) {
  const { near, played, differ, zones, trucks } = outcome;
  return (
    <div class="outcome" data-near={near} data-differ={differ}>
      <p>
        {t("zone_editor.near", {
          near: wholeNumber(near),
          played: wholeNumber(played),
          differ: wholeNumber(differ),
        })}
      </p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("zone_editor.zone")}</th>
            <th scope="col">{t("zone_editor.arrivals")}</th>
            <th scope="col">{t("zone_editor.hours")}</th>
          </tr>
        </thead>
        <tbody>
          {zones.map((one) => (
            <tr key={one.zone} data-zone={one.zone}>
              <th scope="row">{zoneName(store, one.zone)}</th>
              <Pair before={one.arrivals_before} after={one.arrivals_after} digits={0} />
              <Pair before={one.hours_before} after={one.hours_after} digits={1} />
            </tr>
          ))}
        </tbody>
      </table>
      <ul class="differing">
        {trucks.map((one, n) => (
          <li key={n}>
            <b>{one.plate ?? t("zone_editor.no_plate")}</b>
            <Stays title={t("zone_editor.truck_before")} stays={one.before} {...{ store, timezone }} />
            <Stays title={t("zone_editor.truck_after")} stays={one.after} {...{ store, timezone }} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Pair({ before, after, digits }: { before: number; after: number; digits: number }) {
  const [one, other] = [before, after].map((n) => decimal(n, digits, digits));
  return <td class={one === other ? "" : "differs"}>{one === other ? one : `${one} → ${other}`}</td>;
}

interface StaysProps {
  title: string;
  stays: Stay[];
  store: DraftStore;
  timezone: string;
}

function Stays({ title, stays, store, timezone }: StaysProps) {
  const time = (at: string | null): string => (at ? clockTime(instant(at), timezone) : "…");
  const said = stays.map(
    (one) => `${zoneName(store, one.zone)} ${time(one.entered_at)}–${time(one.left_at)}`,
  );
  return (
    <span>
      {title}: {said.join(", ") || t("zone_editor.no_stay")}
    </span>
  );
}
