import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { useSending } from "../../people/useSending";
import { fromLocal, toLocal } from "../../time";
import { now } from "../clock";
import { workflow } from "../names";
import { addVersion, check, type Checked } from "./api";
import { Difference } from "./Difference";
import { StagePicture } from "./StagePicture";
import { startOf, versionOf, withStart, withVersion } from "./text";

/** So long after the last letter a text is checked. */
const PAUSE_MS = 400;

interface Props {
  text: string;
  timezone: string;
  onAdded: () => void;
  onLeave: () => void;
}

/** The text of a new version: checked as it is typed, with its start and what it would change. */
export function Editor({ text: given, timezone, onAdded, onLeave }: Props) {
  const [text, setText] = useState(given);
  const [found, setFound] = useState<Checked | null>(null);
  const [away, setAway] = useState<unknown>(null);
  const area = useRef<HTMLTextAreaElement>(null);
  const { wrong, busy, send } = useSending();

  useEffect(() => {
    let current = true;
    const timer = setTimeout(() => {
      check(text).then(
        (answer) => current && (setFound(answer), setAway(null)),
        (error: unknown) => current && setAway(error),
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [text]);

  function goTo(line: number): void {
    const box = area.current;
    if (!box) return;
    const begins = text.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
    const ends = text.indexOf("\n", begins);
    box.focus();
    box.setSelectionRange(begins, ends < 0 ? text.length : ends);
    const height = Number.parseFloat(getComputedStyle(box).lineHeight);
    box.scrollTop = Math.max(0, (line - 4) * height);
  }

  function add(event: SubmitEvent): void {
    event.preventDefault();
    void send(async () => {
      await addVersion(text);
      onAdded();
    });
  }

  const starts = startOf(text);
  return (
    <form class="editor" onSubmit={add}>
      <div class="head">
        <label>
          {t("agency.version")}
          <input
            name="version"
            required
            maxLength={40}
            value={versionOf(text)}
            onInput={(event) => setText(withVersion(text, event.currentTarget.value))}
          />
        </label>
        <label>
          {t("agency.holds_from")}
          <input
            name="valid_from"
            type="datetime-local"
            required
            value={starts === null ? "" : toLocal(starts, timezone)}
            min={toLocal(now(), timezone)}
            onInput={(event) => {
              const { value } = event.currentTarget;
              if (value !== "") setText(withStart(text, fromLocal(value, timezone)));
            }}
          />
        </label>
        <button class="main" disabled={busy || !found?.ok}>
          {t("agency.add_version")}
        </button>
        <button type="button" onClick={onLeave}>
          {t("agency.cancel")}
        </button>
      </div>
      <p class="quiet">{t("agency.version_hint")}</p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {away !== null && <p class="refusal">{problem(away)}</p>}
      <div class="sides">
        <textarea
          ref={area}
          name="text"
          spellcheck={false}
          aria-label={t("agency.rules_text")}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="checked" aria-live="polite">
          {found && !found.ok && (
            <>
              <h3>{t("agency.n_problems", { n: found.problems.length })}</h3>
              <ul class="problems">
                {found.problems.map((one, n) => (
                  <li key={n}>
                    {one.line !== null && (
                      <button type="button" class="link" onClick={() => goTo(one.line ?? 1)}>
                        {t("agency.line", { n: one.line })}
                      </button>
                    )}{" "}
                    {one.text}
                  </li>
                ))}
              </ul>
            </>
          )}
          {found?.ok && (
            <>
              <h3 class="good">{t("agency.is_fit")}</h3>
              <Difference before={workflow.value?.variants ?? []} after={found.variants} />
            </>
          )}
        </div>
      </div>
      {found?.ok && <StagePicture variants={found.variants} />}
    </form>
  );
}
