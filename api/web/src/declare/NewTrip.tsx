import { useRef, useState } from "preact/hooks";
import { t } from "../language";
import { dropDraft } from "./api";
import type { Place } from "./Declare";
import { FairUseSaid } from "./FairUse";
import { FillingContext } from "./filling";
import { bodyOf, faultsOf, type Name } from "./form";
import type { Start } from "./FormPage";
import { GoodsGroup } from "./GoodsGroup";
import { inputId } from "./names";
import { Papers } from "./Papers";
import { Price } from "./Price";
import { Saved } from "./Saved";
import { SaveTemplate } from "./SaveTemplate";
import { TruckGroup } from "./TruckGroup";
import { useDeclaring } from "./useDeclaring";
import { useDraft } from "./useDraft";
import { useForm } from "./useForm";
import { useKnown } from "./useKnown";
import { WayGroup } from "./WayGroup";

interface Props {
  id: string;
  start: Start;
  place: Place;
  /** Another window saved something newer, which is to be shown here. */
  onNewer: () => void;
}

/** Make the first field that is wrong the one to be mended. */
function goTo(names: readonly string[]): void {
  const first = names
    .map((name) => document.getElementById(inputId(name as Name)))
    .filter((one) => one !== null)
    .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)[0];
  const input = first?.matches("fieldset") ? first.querySelector("input") : first;
  (input ?? first)?.focus();
}

/** One form for everybody who wants to know something of a trip. */
export function NewTrip({ id, start, place, onNewer }: Props) {
  const { filling, isTouched, fill, look, say } = useForm(
    place,
    start.values,
    start.origins,
    start.typed,
  );
  const { values, origins } = filling;
  const [hasPapers, setHasPapers] = useState(false);
  const saving = useDraft(id, { ...values, origins }, isTouched, start.revision);
  const declaring = useDeclaring({
    onRefused: (name, sentence) => {
      say(name, sentence);
      requestAnimationFrame(() => goTo([name]));
    },
    onDone: (trip) => {
      saving.end();
      // It may be gone with the trip that it became: either way there is no draft any more.
      dropDraft(id).catch(() => undefined);
      place.go({ at: "trip", id: trip.id });
    },
  });
  useKnown(values.plate, true, fill);
  const top = useRef<HTMLFormElement>(null);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (look()) {
      const names = Object.keys(faultsOf(values, place.workflow));
      requestAnimationFrame(() => goTo(names));
      return;
    }
    const body = bodyOf(values, place.workflow, place.site.timezone);
    // Papers hang on the draft: it has to be on the server to hand them on.
    if (hasPapers && !(await saving.save())) return;
    declaring.send(hasPapers ? { ...body, draft: id } : body);
  }

  return (
    <FillingContext.Provider value={filling}>
      <form class="new-trip" ref={top} noValidate onSubmit={(event) => void submit(event)}>
        <div class="groups">
          <TruckGroup />
          <GoodsGroup />
          <WayGroup />
          <section class="group">
            <h2>{t("declare.group_papers")}</h2>
            <Papers of={{ draft: id }} before={saving.save} onHaving={setHasPapers} />
          </section>
        </div>
        <aside>
          <Saved saving={saving} place={place} onNewer={onNewer} />
          <FairUseSaid
            plate={values.plate}
            device={values.device}
            haulier={values.haulier}
            place={place}
          />
          <Price values={values} place={place} />
          {declaring.waits && (
            <p class="warning" role="status">
              {t("declare.no_network_kept")}
            </p>
          )}
          {declaring.wrong !== null && (
            <p class="refusal" role="alert">
              {declaring.wrong}
            </p>
          )}
          <button class="main send" disabled={declaring.busy}>
            {t(declaring.busy ? "declare.sending" : "declare.send")}
          </button>
          <SaveTemplate values={values} />
        </aside>
      </form>
    </FillingContext.Provider>
  );
}
