import { useRef, useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { newKey } from "../../request";
import { SureButton } from "../../parts/SureButton";
import { fromLocal, instant, moment, toLocal, wholeNumber } from "../../time";
import { MomentInput } from "../MomentInput";
import { importZones, publish } from "./api";
import { zoneName } from "./Check";
import { saveFile } from "../../parts/saveFile";
import type { DraftStore } from "./store";

const HOUR_MS = 3_600_000;

interface Props {
  store: DraftStore;
  timezone: string;
  onPublished: (said: string) => void;
  onDiscard: () => void;
  onClose: () => void;
}

/** From when on the draft shall hold and why, and what must be meant before. */
export function Publish({ store, timezone, onPublished, onDiscard, onClose }: Props) {
  const { id, faults, losses, changed, now, overtaken } = store.draft.value;
  const key = useRef(newKey());
  const [why, setWhy] = useState("");
  const [later, setLater] = useState(false);
  const [starts, setStarts] = useState(() =>
    toLocal(new Date(instant(now).getTime() + HOUR_MS), timezone),
  );
  const [sure, setSure] = useState<ReadonlySet<string>>(new Set());
  const [backdated, setBackdated] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const fit = faults.length === 0 && changed.length > 0 && !store.unsaved.value && !overtaken;
  const thisMinute = toLocal(instant(now), timezone);
  const past = later && starts < thisMinute;

  function send(event: SubmitEvent): void {
    event.preventDefault();
    setWrong(null);
    // The field knows no seconds: the minute that runs has begun, and only the server knows now.
    const chosen = later && starts !== thisMinute;
    const at = chosen ? { starts_at: fromLocal(starts, timezone).toISOString() } : {};
    const confirmed = losses.map((one) => one.zone).filter((one) => sure.has(one));
    const how = { why: why.trim(), confirmed, backdated: past && backdated, ...at };
    publish(id, how, key.current).then((made) => {
      const time = moment(instant(made.starts_at), new Date(0), timezone);
      onPublished(t("zone_editor.published", { time }));
    }, setWrong);
  }
  return (
    <section class="zones-publish">
      <h3>{t("zone_editor.publish_title")}</h3>
      <form onSubmit={send}>
        {losses.map(({ zone, standing, left_out }) => (
          <label key={zone} class="warned check">
            <input
              type="checkbox"
              name={`sure_${zone}`}
              checked={sure.has(zone)}
              onChange={({ currentTarget: { checked } }) => {
                const next = new Set(sure);
                if (checked) next.add(zone);
                else next.delete(zone);
                setSure(next);
              }}
            />
            <span>
              {t("zone_editor.loss", {
                zone: zoneName(store, zone),
                standing: wholeNumber(standing),
                left_out: wholeNumber(left_out),
              })}{" "}
              <b>{t("zone_editor.loss_sure")}</b>
            </span>
          </label>
        ))}
        <label>
          {t("zone_editor.why")}
          <input
            name="why"
            required
            maxLength={200}
            value={why}
            onInput={(event) => setWhy(event.currentTarget.value)}
          />
        </label>
        <div class="row">
          <label class="check">
            <input type="radio" name="start" checked={!later} onChange={() => setLater(false)} />
            {t("zone_editor.start_now")}
          </label>
          <label class="check">
            <input type="radio" name="start" checked={later} onChange={() => setLater(true)} />
            {t("zone_editor.start_at")}
          </label>
          {later && (
            <MomentInput
              name={t("zone_editor.start_at")}
              value={starts}
              today={toLocal(instant(now), timezone).slice(0, 10)}
              onChange={setStarts}
            />
          )}
        </div>
        {past && (
          <label class="warned check">
            <input
              type="checkbox"
              name="backdated"
              checked={backdated}
              onChange={(event) => setBackdated(event.currentTarget.checked)}
            />
            <span>{t("zone_editor.backdated")}</span>
          </label>
        )}
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        <button class="main" disabled={!fit}>
          {t("zone_editor.publish")}
        </button>
      </form>
      <Files store={store} />
      <div class="row">
        <SureButton
          name={t("zone_editor.discard")}
          sure={t("zone_editor.discard_sure")}
          onSure={onDiscard}
        />
        <button type="button" onClick={onClose}>
          {t("zone_editor.close")}
        </button>
      </div>
    </section>
  );
}

/** The draft out as a file, and a file in as the draft. */
function Files({ store }: { store: DraftStore }) {
  const input = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  async function bring(file: File | undefined): Promise<void> {
    if (!file) return;
    setWrong(null);
    try {
      await store.settle();
      const { id, revision } = store.draft.value;
      store.take(await importZones(id, revision, await file.text()));
    } catch (error) {
      setWrong(error);
    }
    if (input.current) input.current.value = "";
  }
  return (
    <>
      <div class="row">
        <button
          type="button"
          onClick={() =>
            saveFile("zones.geojson", {
              type: "FeatureCollection",
              features: store.features.value,
            })
          }
        >
          {t("zone_editor.export")}
        </button>
        <label class="file">
          {t("zone_editor.import")}
          <input
            ref={input}
            type="file"
            name="import"
            accept=".geojson,.json,application/geo+json"
            onChange={(event) => void bring(event.currentTarget.files?.[0])}
          />
        </label>
      </div>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
    </>
  );
}
