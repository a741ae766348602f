import { useEffect, useState } from "preact/hooks";
import { getTrack } from "../client";
import { find, t } from "../language";
import { problem } from "../parts/problem";
import { usePlaying } from "../parts/usePlaying";
import { clockSeconds, clockTime, dayMonth, instant } from "../time";
import type { Site } from "../types";
import { placeName } from "./alarms";
import type { Track, TrackEvent } from "./past";
import { standAt } from "./replay";
import "./replay.css";
import { replay, replayAt } from "./stage";

const PACES = [1, 10, 60, 300, 600] as const;
/** An arrow key moves by a minute, with Shift by ten. */
const STEP_S = 60;
const LONG_STEPS = 10;

interface Props {
  trip: number;
  site: Site;
  onClose: () => void;
}

/** A truck's way played again on the map. */
export function Replay({ trip, site, onClose }: Props) {
  const [track, setTrack] = useState<Track | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [pace, setPace] = useState<number>(60);
  const at = replayAt.value;

  useEffect(() => {
    let current = true;
    getTrack(trip).then(
      (found) => {
        if (!current) return; // closed meanwhile: nobody could take it off the map
        replayAt.value = found.at[0] ?? Date.parse(found.since) / 1000;
        replay.value = found;
        setTrack(found);
      },
      (error: unknown) => current && setWrong(error),
    );
    return () => {
      current = false;
      replay.value = null;
    };
  }, [trip]);

  const begins = track ? (track.at[0] ?? Date.parse(track.since) / 1000) : 0;
  const ends = track ? Math.max(begins, Date.parse(track.until) / 1000) : 0;
  const goTo = (moment: number): void => {
    replayAt.value = Math.min(ends, Math.max(begins, moment));
  };

  const { plays, setPlays } = usePlaying(() => replayAt.value, goTo, { pace, ends });

  function press(event: KeyboardEvent): void {
    const step = STEP_S * (event.shiftKey ? LONG_STEPS : 1);
    if (event.key === "ArrowLeft") goTo(at - step);
    else if (event.key === "ArrowRight") goTo(at + step);
    else if (event.key === " " && !(event.target instanceof HTMLButtonElement)) setPlays(!plays);
    else return;
    event.preventDefault();
  }

  if (wrong !== null) return <p class="refusal">{problem(wrong)}</p>;
  if (!track) return <p class="quiet">{t("common.loading")}</p>;
  if (track.at.length === 0) return <p class="quiet">{t("replay.nothing")}</p>;
  const stand = standAt(track, at);
  const now = new Date(at * 1000);
  const name = `${clockSeconds(now, site.timezone)} ${dayMonth(now, site.timezone)}`;
  return (
    <section class="replay" aria-label={t("replay.title")} onKeyDown={press}>
      <p class="moment">
        <time data-at={Math.round(at)}>{name}</time>
        <span class="quiet">
          {stand?.silent
            ? t("replay.silent")
            : stand?.speed !== null && stand !== null
              ? t("operator.speed_value", { n: Math.round(stand.speed * 3.6) })
              : ""}
        </span>
      </p>
      <input
        type="range"
        aria-label={t("replay.slider")}
        aria-valuetext={name}
        min={begins}
        max={ends}
        step={1}
        value={at}
        onInput={({ currentTarget }) => goTo(Number(currentTarget.value))}
      />
      <Ticks track={track} begins={begins} ends={ends} />
      <div class="choices">
        <button type="button" class="play" onClick={() => setPlays(!plays)}>
          {t(plays ? "replay.pause" : "replay.play")}
        </button>
        <label>
          {t("replay.pace")}{" "}
          <select value={pace} onChange={({ currentTarget }) => setPace(Number(currentTarget.value))}>
            {PACES.map((one) => (
              <option key={one} value={one}>
                {one}×
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={onClose}>
          {t("replay.close")}
        </button>
      </div>
      <Events track={track} site={site} at={at} onGo={goTo} />
      <p class="quiet keys">{t("replay.keys")}</p>
    </section>
  );
}

/** Marks under the slider where something happened. */
function Ticks({ track, begins, ends }: { track: Track; begins: number; ends: number }) {
  const share = (one: TrackEvent): number =>
    (100 * (Date.parse(one.at) / 1000 - begins)) / Math.max(1, ends - begins);
  return (
    <div class="ticks" aria-hidden="true">
      {track.events.map((one, n) => (
        <i key={n} class={one.what} style={{ left: `${Math.min(100, Math.max(0, share(one)))}%` }} />
      ))}
    </div>
  );
}

interface EventsProps {
  track: Track;
  site: Site;
  at: number;
  onGo: (at: number) => void;
}

function Events({ track, site, at, onGo }: EventsProps) {
  return (
    <ol class="events">
      {track.events.map((one, n) => {
        const when = instant(one.at);
        const past = when.getTime() / 1000 <= at;
        return (
          <li key={n} class={past ? "" : "quiet"}>
            <button type="button" onClick={() => onGo(when.getTime() / 1000)}>
              <time>{clockTime(when, site.timezone)}</time>{" "}
              {find(`replay.event_${one.what}`) ?? one.what}
              {one.place !== null && ` · ${placeName(one.place, site)}`}
            </button>
          </li>
        );
      })}
    </ol>
  );
}
