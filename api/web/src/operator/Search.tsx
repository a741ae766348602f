import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { search } from "../client";
import { t } from "../language";
import { problem } from "../parts/problem";
import { STATE_COLOUR } from "./palette";
import type { LiveLine, Truck } from "./live";
import type { FoundTrip } from "./past";

const MOST = 12;
/** The server is asked once the keys have rested so long; the map answers at every letter. */
const REST_MS = 150;
const LEAST = 2;

const bare = (plate: string): string => plate.toUpperCase().replace(/[^\p{L}\p{N}]/gu, "");

export function matches(trucks: Iterable<Truck>, typed: string): Truck[] {
  const wanted = bare(typed);
  if (wanted === "") return [];
  const found: Truck[] = [];
  for (const truck of trucks) {
    if (bare(truck.plate).includes(wanted)) found.push(truck);
    if (found.length === MOST) break;
  }
  return found;
}

/** A line of the list: a truck on the map, or a trip the server knows. */
interface Hit {
  id: number;
  plate: string;
  truck: Truck | undefined;
  trip: FoundTrip | undefined;
}

function hitsOf(line: LiveLine, typed: string, trips: readonly FoundTrip[] | null): Hit[] {
  const known = (trips ?? []).map((trip) => ({
    id: trip.id,
    plate: trip.plate,
    truck: line.trucks.get(trip.id),
    trip,
  }));
  const there = new Set(known.map((hit) => hit.id));
  // Until the server has answered, the trucks on the map are what there is.
  const seen = trips === null ? matches(line.trucks.values(), typed) : [];
  const more = seen
    .filter((truck) => !there.has(truck.id))
    .map((truck) => ({ id: truck.id, plate: truck.plate, truck, trip: undefined }));
  return [...known, ...more].slice(0, MOST);
}

export function Search({ line, onPick }: { line: LiveLine; onPick: (id: number) => void }) {
  const [typed, setTyped] = useState("");
  const [trips, setTrips] = useState<FoundTrip[] | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [at, setAt] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const hits = hitsOf(line, typed, trips);

  useLayoutEffect(() => {
    // "/" brings the cursor here from anywhere, as officers know it from other tools.
    const focus = (event: KeyboardEvent): void => {
      const { target } = event;
      const typing = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement;
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);
  useEffect(() => {
    setTrips(null);
    setWrong(null);
    setAt(0);
    if (bare(typed).length < LEAST) return undefined;
    let current = true;
    const timer = setTimeout(() => {
      search(typed).then(
        (found) => current && setTrips(found),
        (error: unknown) => current && setWrong(error),
      );
    }, REST_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [typed]);

  function pick(hit: Hit | undefined): void {
    if (!hit) return;
    setTyped("");
    onPick(hit.id);
  }

  function press(event: KeyboardEvent): void {
    if (event.key === "ArrowDown") setAt(Math.min(at + 1, hits.length - 1));
    else if (event.key === "ArrowUp") setAt(Math.max(at - 1, 0));
    else if (event.key === "Escape" && typed !== "") {
      setTyped("");
      event.stopPropagation(); // else what is open closes too
    } else return;
    event.preventDefault();
  }

  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        pick(hits[at]);
      }}
    >
      <input
        ref={input}
        type="search"
        role="combobox"
        list={undefined}
        aria-expanded={typed !== ""}
        aria-controls="search-hits"
        aria-activedescendant={hits[at] ? `hit-${hits[at].id}` : undefined}
        placeholder={t("search.short")}
        aria-label={t("search.label")}
        title={t("search.label")}
        value={typed}
        autocomplete="off"
        spellcheck={false}
        onKeyDown={press}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {typed !== "" && (
        <ul id="search-hits" role="listbox" aria-label={t("search.label")}>
          {hits.map((hit, n) => (
            <li key={hit.id} id={`hit-${hit.id}`} role="option" aria-selected={n === at}>
              <button type="button" tabIndex={-1} onClick={() => pick(hit)}>
                <Found hit={hit} />
              </button>
            </li>
          ))}
          {wrong !== null && <li class="nothing">{problem(wrong)}</li>}
          {hits.length === 0 && wrong === null && <li class="nothing">{nothing(typed, trips)}</li>}
        </ul>
      )}
    </form>
  );
}

function nothing(typed: string, trips: FoundTrip[] | null): string {
  if (bare(typed).length < LEAST) return t("search.more");
  return t(trips === null ? "common.loading" : "search.none");
}

function Found({ hit: { plate, truck, trip } }: { hit: Hit }) {
  const ended = trip !== undefined && trip.state !== "active";
  const by = trip?.by === "plate" ? undefined : trip?.by;
  const paper = by === "convoy" ? trip?.convoy : by === "device" ? trip?.device : trip?.declaration;
  return (
    <>
      <i style={{ background: truck ? STATE_COLOUR[truck.state] : "transparent" }} />
      <b class={ended ? "ended" : ""}>{plate}</b>
      <span>
        {truck && t(`state.${truck.state}`)}
        {truck?.held && ` · ${t("state.held")}`}
        {!truck && (ended ? t(`search.${trip.state}` as "search.cleared") : t("search.no_position"))}
        {by && ` · ${t(`search.by_${by}`)}${by === "phone" || by === "code" ? "" : ` ${paper}`}`}
      </span>
    </>
  );
}
