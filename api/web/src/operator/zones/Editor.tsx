import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { language, t } from "../../language";
import { problem } from "../../parts/problem";
import type { Site } from "../../types";
import { carryOver, cut, discard, type Draft, type Drawn } from "./api";
import { Check } from "./Check";
import { EditorMap, type Tool } from "./map";
import { Preview } from "./Preview";
import { Publish } from "./Publish";
import { freeId, isSimple, square } from "./shapes";
import { DraftStore } from "./store";
import { Tools } from "./Tools";
import { ZoneForm } from "./ZoneForm";
import { ZoneList } from "./ZoneList";

const SQUARE_M = 100;

interface Props {
  draft: Draft;
  site: Site;
  onClose: () => void;
  /** The draft is no more: published, which the words say, or thrown away. */
  onDone: (said: string | null) => void;
}

/** One draft: the map it is drawn on, and what is said, typed and done beside it. */
export function Editor({ draft: begun, site, onClose, onDone }: Props) {
  const store = useMemo(() => new DraftStore(begun), []);
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<EditorMap | null>(null);
  const [tool, setTool] = useState<Tool>("select");
  const [broken, setBroken] = useState(false);
  const [ready, setReady] = useState(false);
  const [lost, setLost] = useState<string | null>(null);
  const { selected, features, draft, wrong } = store;

  const split = (line: GeoJSON.LineString): void => {
    const whole = store.zone.value;
    if (whole) cut(whole.geometry, line).then((parts) => divide(store, whole, parts), refuse);
  };
  const refuse = (error: unknown): void => {
    wrong.value = error;
  };
  const choose = (next: Tool): void => {
    setTool(next);
    map.current?.use(next);
  };

  useEffect(() => {
    if (!box.current) return undefined;
    try {
      map.current = new EditorMap(box.current, site, {
        onReady: () => setReady(true),
        onLost: setLost,
        onPick: (id) => (selected.value = id),
        onReshape: (id, geometry) => store.reshape(id, geometry),
        onDraw: (geometry) => {
          setTool("select");
          store.add(fresh(store, geometry));
        },
        onLine: (line) => {
          setTool("select");
          split(line);
        },
      });
      // Tests and other programs find the map where people do.
      Object.assign(box.current, { editorMap: map.current });
    } catch {
      setBroken(true); // no WebGL: fields, typed corners and files go on
    }
    return () => map.current?.remove();
  }, []);
  const spoken = language.value;
  useEffect(() => map.current?.name(t("zone_editor.map")), [spoken]);
  useEffect(
    () => map.current?.show(features.value, selected.value),
    [features.value, selected.value, spoken],
  );
  const { base_features, changed, faults } = draft.value;
  useEffect(() => {
    const differ = base_features.filter((one) => changed.includes(one.properties.id));
    map.current?.showFormer(differ);
  }, [base_features, changed.join(" ")]);
  useEffect(() => map.current?.showFaults(faults), [faults]);
  useLayoutEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.matches("input, textarea");
      if (typing || !(event.ctrlKey || event.metaKey)) return;
      const key = event.key.toLowerCase();
      if (key !== "z" && key !== "y") return;
      event.preventDefault();
      if (key === "y" || event.shiftKey) store.redo();
      else store.undo();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  }, []);

  const show = (id: string): void => {
    selected.value = id;
    const zone = store.find(id);
    if (zone) map.current?.goTo(zone.geometry);
  };
  return (
    <>
      <div class="zones-map">
        <div class="map" ref={box} />
        {broken && <p class="refusal">{t("operator.no_map")}</p>}
        {!broken && !ready && lost === null && (
          <p class="map-state" role="status">
            <progress /> {t("zone_editor.map_loading")}
          </p>
        )}
        {lost !== null && (
          <p class="map-state refusal" role="alert">
            {t("zone_editor.map_failed", { what: lost })}
          </p>
        )}
        <Tools
          store={store}
          tool={tool}
          onTool={choose}
          onSquare={() => {
            const middle = map.current?.middle() ?? site.center;
            store.add(fresh(store, square(middle, SQUARE_M)));
          }}
          onZoom={(steps) => map.current?.zoomBy(steps)}
        />
      </div>
      <div class="zones-side">
        {wrong.value !== null && (
          <p class="refusal" role="alert">
            {problem(wrong.value)}
          </p>
        )}
        <Check
          store={store}
          timezone={site.timezone}
          onShow={show}
          onCarryOver={() =>
            carryOver(draft.value.id).then((next) => store.take(next), refuse)
          }
        />
        {store.zone.value ? (
          <ZoneForm key={selected.value} store={store} site={site} onSplit={split} />
        ) : (
          <ZoneList store={store} onShow={show} />
        )}
        <Preview store={store} timezone={site.timezone} />
        <Publish
          store={store}
          timezone={site.timezone}
          onPublished={onDone}
          onDiscard={() => discard(draft.value.id).then(() => onDone(null), refuse)}
          onClose={onClose}
        />
      </div>
    </>
  );
}

/** A zone that was just drawn: like a passage of the road until somebody says what it is. */
function fresh(store: DraftStore, geometry: GeoJSON.Polygon): Drawn {
  const id = freeId(store.features.value, "zone");
  return {
    type: "Feature",
    id,
    geometry,
    properties: {
      id,
      name: { vi: "", zh: "", en: "" },
      role: "approach",
      gate: null,
      uncertainty_m: 10,
      survey: "drawn",
    },
  };
}

/** The larger part stays the zone it was, the other becomes one of its own. */
function divide(store: DraftStore, whole: Drawn, [larger, smaller]: GeoJSON.Polygon[]): void {
  if (!larger || !smaller || !isSimple(whole.geometry)) return;
  const id = freeId(store.features.value, whole.properties.id.slice(0, 34));
  const { properties } = whole;
  const leaves = properties.role === "yard" ? { leaves_as: properties.id } : {};
  const part: Drawn = { type: "Feature", id, geometry: smaller, properties: { ...properties, id, ...leaves } };
  const rest = store.features.value.map((one) =>
    one.properties.id === properties.id ? { ...one, geometry: larger } : one,
  );
  store.change([...rest, part]);
  store.selected.value = id;
}
