import { useRef } from "preact/hooks";
import { t } from "../../language";
import { refusalWords } from "../../parts/problem";
import { checking, problems, text, type } from "./draft";

/** The scenario as its text, line by line, with what is wrong in it. */
export function TextField() {
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLOListElement>(null);
  const said = problems.value;
  const bad = new Set(said.map(({ line }) => line));
  const lines = text.value.split("\n").length;

  function goTo(line: number): void {
    const place = area.current;
    if (!place) return;
    const starts = text.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const ends = text.value.indexOf("\n", starts);
    place.focus();
    place.setSelectionRange(starts, ends < 0 ? text.value.length : ends);
    place.scrollTop = (place.scrollHeight * Math.max(0, line - 4)) / Math.max(1, lines);
  }

  return (
    <section class="text" aria-label={t("planner.text")}>
      <h2>{t("planner.text")}</h2>
      <div class="editor">
        <ol ref={gutter} aria-hidden="true">
          {Array.from({ length: lines }, (_, k) => (
            <li key={k} class={bad.has(k + 1) ? "bad" : ""}>
              {k + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={area}
          name="text"
          aria-label={t("planner.text")}
          aria-invalid={said.length > 0}
          aria-describedby="text-problems"
          spellcheck={false}
          autocomplete="off"
          wrap="off"
          value={text.value}
          onInput={({ currentTarget }) => type(currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (gutter.current) gutter.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <div id="text-problems" aria-live="polite">
        {said.map(({ text: sentence, line, kind, values }) => (
          <p class="refusal" key={`${line} ${sentence}`} title={sentence}>
            {line ? (
              <button type="button" class="line" onClick={() => goTo(line)}>
                {t("planner.line", { n: line })}
              </button>
            ) : null}{" "}
            {kind === null ? sentence : refusalWords({ kind, values, sentence })}
          </p>
        ))}
        {said.length === 0 && (
          <p class="quiet">{checking.value ? t("planner.checking") : t("planner.text_good")}</p>
        )}
      </div>
    </section>
  );
}
