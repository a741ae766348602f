import { useState } from "preact/hooks";
import { language, nameOf, t } from "../language";
import type { BoardGate } from "../types";

const HEIGHT_OF_ONE = 190;

/** The same figures for programs, and a line that shows them on other people's pages. */
export function Embedding({ gates }: { gates: BoardGate[] }) {
  const [gate, setGate] = useState("");
  const [copied, setCopied] = useState(false);
  const asked = new URLSearchParams(gate === "" ? {} : { gate });
  asked.set("lang", language.value);
  const height = HEIGHT_OF_ONE * (gate === "" ? gates.length : 1);
  const line =
    `<iframe src="${location.origin}/board/embed?${asked}" width="360" height="${height}"` +
    ` style="border:0;max-width:100%" loading="lazy" title="${t("board.title")}">` +
    `<a href="${location.origin}/board?lang=${language.value}">${t("board.title")}</a></iframe>`;
  const copy = (): void => {
    navigator.clipboard?.writeText(line).then(
      () => setCopied(true),
      () => setCopied(false), // not allowed here: the line can still be marked and copied
    );
  };
  return (
    <details class="programs">
      <summary>{t("board.programs")}</summary>
      <p>
        <a href="/v1/board">JSON</a> <a href={`/v1/board.csv?lang=${language.value}`}>CSV</a>{" "}
        <a href="/v1/board.geojson">GeoJSON</a>
      </p>
      <label>
        {t("board.gate")}{" "}
        <select value={gate} onChange={(event) => setGate(event.currentTarget.value)}>
          <option value="">–</option>
          {gates.map((one) => (
            <option key={one.id} value={one.id}>
              {nameOf(one.name)}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("board.embed")}
        <textarea readOnly rows={3} value={line} onFocus={(event) => event.currentTarget.select()} />
      </label>
      <button type="button" onClick={copy}>
        {t(copied ? "board.copied" : "board.copy")}
      </button>
    </details>
  );
}
