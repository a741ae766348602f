import { useEffect, useState } from "preact/hooks";
import { t } from "../../language";
import type { Drawn } from "./api";
import { asText, isSimple, readPlaces } from "./shapes";
import type { DraftStore } from "./store";

const LEAST = 3;

interface Props {
  zone: Drawn;
  store: DraftStore;
  onSplit: (line: GeoJSON.LineString) => void;
}

/** The outline as numbers: typed, pasted, or cut along a typed line. */
export function Corners({ zone, store, onSplit }: Props) {
  const { geometry } = zone;
  const drawn = isSimple(geometry) ? asText(geometry.coordinates[0] ?? []) : "";
  const [text, setText] = useState(drawn);
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => setText(drawn), [drawn]);
  if (!isSimple(geometry)) return <p class="warned">{t("zone_editor.locked")}</p>;

  function use(): void {
    const places = readPlaces(text);
    if (typeof places === "number") setSaid(t("zone_editor.corners_wrong", { n: places }));
    else if (places.length < LEAST) setSaid(t("zone_editor.corners_few"));
    else {
      setSaid(null);
      const ring = [...places, places[0] ?? []];
      store.reshape(zone.properties.id, { type: "Polygon", coordinates: [ring] });
    }
  }
  return (
    <details class="corners">
      <summary>{t("zone_editor.corners")}</summary>
      <label>
        {t("zone_editor.corners_hint")}
        <textarea
          name="corners"
          rows={8}
          spellcheck={false}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      {said !== null && (
        <p class="refusal" role="alert">
          {said}
        </p>
      )}
      <button type="button" disabled={text === drawn} onClick={use}>
        {t("zone_editor.corners_use")}
      </button>
      <TypedCut onSplit={onSplit} />
    </details>
  );
}

function TypedCut({ onSplit }: { onSplit: Props["onSplit"] }) {
  const [ends, setEnds] = useState(["", ""] as [string, string]);
  const places = readPlaces(ends.join("\n"));
  const fit = Array.isArray(places) && places.length === 2;
  return (
    <form
      class="typed-cut"
      onSubmit={(event) => {
        event.preventDefault();
        if (fit) onSplit({ type: "LineString", coordinates: places });
      }}
    >
      <label>
        {t("zone_editor.line_from")}
        <input
          name="cut_from"
          value={ends[0]}
          onInput={(event) => setEnds([event.currentTarget.value, ends[1]])}
        />
      </label>
      <label>
        {t("zone_editor.line_to")}
        <input
          name="cut_to"
          value={ends[1]}
          onInput={(event) => setEnds([ends[0], event.currentTarget.value])}
        />
      </label>
      <button disabled={!fit}>{t("zone_editor.cut")}</button>
    </form>
  );
}
