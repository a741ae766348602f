import { useRef, useState } from "preact/hooks";
import { language, t } from "../language";
import { fieldName } from "../parts/names";
import { problem, refusalWords } from "../parts/problem";
import { newKey } from "../request";
import { wholeNumber } from "../time";
import { type Imported, type ImportFault, importTable } from "./api";
import type { Place } from "./Declare";
import { faultList, faultyRows, textOf } from "./faulty";

const FORMS = ["csv", "xlsx"] as const;

const say = ({ kind, values, text }: ImportFault): string =>
  refusalWords({ kind, values, sentence: text });

/** Many trips in one table: looked through first, made when it is told to. */
export function Import({ place }: { place: Place }) {
  const [file, setFile] = useState<File | null>(null);
  const [looked, setLooked] = useState<Imported | null>(null);
  const [made, setMade] = useState<Imported | null>(null);
  const [share, setShare] = useState<number | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const key = useRef(newKey());
  const chosen = useRef<HTMLInputElement>(null);

  async function send(table: File, dry: boolean): Promise<void> {
    setWrong(null);
    setShare(0);
    try {
      const found = await importTable(table, dry, key.current, setShare);
      if (dry) setLooked(found);
      else setMade(found);
    } catch (error) {
      setWrong(error);
    }
    setShare(null);
  }
  function choose(next: File | undefined): void {
    if (!next) return;
    key.current = newKey();
    setFile(next);
    setLooked(null);
    setMade(null);
    void send(next, true);
  }
  const shown = made ?? looked;
  const good = shown?.made ?? 0;

  return (
    <div
      class="import"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        choose(event.dataTransfer?.files[0]);
      }}
    >
      <section class="panel">
        <h2>{t("declare.tab_import")}</h2>
        <p class="forms">
          {made === null && t("declare.import_hint")}
          {FORMS.map((form) => (
            <a key={form} href={`/v1/imports/form.${form}?language=${language.value}`} download>
              {t("declare.import_form", { form: form.toUpperCase() })}
            </a>
          ))}
        </p>
        <p>
          <button type="button" class="main" onClick={() => chosen.current?.click()}>
            {t("declare.import_file")}
          </button>{" "}
          {file && <span class="quiet">{file.name}</span>}
        </p>
        <input
          ref={chosen}
          type="file"
          hidden
          accept=".csv,.xlsx,.txt"
          aria-label={t("declare.import_file")}
          onChange={(event) => {
            const next = event.currentTarget.files?.[0];
            event.currentTarget.value = ""; // the same file, mended, may be chosen again
            choose(next);
          }}
        />
        {share !== null && (
          <p role="status">
            {t(share < 1 ? "declare.import_sending" : "declare.import_reading")}{" "}
            <progress
              {...(share < 1 ? { value: share } : {})}
              aria-label={t("declare.tab_import")}
            />
          </p>
        )}
        {wrong !== null && (
          <p class="refusal" role="alert">
            {problem(wrong)}
          </p>
        )}
        {made && (
          <p class="done" role="status">
            {t("declare.import_made", { n: wholeNumber(made.made) })}{" "}
            <button type="button" onClick={() => place.go({ at: "trips" })}>
              {t("declare.tab_trips")}
            </button>
          </p>
        )}
        {looked && !made && file && (
          <p class="looked" role="status">
            {t("declare.import_looked", {
              rows: wholeNumber(looked.rows),
              good: wholeNumber(good),
              bad: wholeNumber(looked.rows - good),
            })}{" "}
            <button
              type="button"
              class="main"
              disabled={good === 0 || share !== null}
              onClick={() => void send(file, false)}
            >
              {t("declare.import_make", { n: wholeNumber(good) })}
            </button>
          </p>
        )}
      </section>
      {shown && file && shown.faults.length > 0 && <Faults faults={shown.faults} file={file} />}
    </div>
  );
}

function Faults({ faults, file }: { faults: ImportFault[]; file: File }) {
  async function download(): Promise<void> {
    const isText = !file.name.toLowerCase().endsWith(".xlsx");
    const text = isText
      ? faultyRows(textOf(new Uint8Array(await file.arrayBuffer())), faults)
      : faultList(faults, fieldName, say, [
          t("declare.import_row"),
          t("declare.import_column"),
          t("declare.import_fault"),
        ]);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = t("declare.import_faults_file");
    link.click();
    URL.revokeObjectURL(link.href);
  }
  return (
    <section class="panel">
      <p>
        <button type="button" onClick={() => void download()}>
          {t("declare.import_download")}
        </button>
      </p>
      <table class="faults">
        <thead>
          <tr>
            <th>{t("declare.import_row")}</th>
            <th>{t("declare.import_column")}</th>
            <th>{t("declare.import_fault")}</th>
          </tr>
        </thead>
        <tbody>
          {faults.map((one, n) => (
            <tr key={n}>
              <td>{wholeNumber(one.row)}</td>
              <td>{one.column === null ? t("common.none") : fieldName(one.column)}</td>
              <td>{say(one)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
