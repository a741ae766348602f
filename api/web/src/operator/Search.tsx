import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../language";
import type { LiveLine, Truck } from "./live";
import { STATE_COLOUR } from "./palette";

const MOST = 8;

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

export function Search({ line, onPick }: { line: LiveLine; onPick: (id: number) => void }) {
  const [typed, setTyped] = useState("");
  const input = useRef<HTMLInputElement>(null);
  const found = matches(line.trucks.values(), typed);

  useEffect(() => {
    // "/" brings the cursor here from anywhere, as officers know it from other tools.
    const focus = (event: KeyboardEvent): void => {
      if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
      event.preventDefault();
      input.current?.focus();
    };
    addEventListener("keydown", focus);
    return () => removeEventListener("keydown", focus);
  }, []);

  function pick(truck: Truck | undefined): void {
    if (!truck) return;
    setTyped("");
    input.current?.blur();
    onPick(truck.id);
  }

  return (
    <form
      class="search"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        pick(found[0]);
      }}
    >
      <input
        ref={input}
        type="search"
        placeholder={t("operator.search")}
        aria-label={t("operator.search")}
        value={typed}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {typed !== "" && (
        <ul>
          {found.map((truck) => (
            <li key={truck.id}>
              <button type="button" onClick={() => pick(truck)}>
                <i style={{ background: STATE_COLOUR[truck.state] }} />
                <b>{truck.plate}</b> {t(`state.${truck.state}`)}
              </button>
            </li>
          ))}
          {found.length === 0 && <li class="nothing">{t("operator.search_none")}</li>}
        </ul>
      )}
    </form>
  );
}
