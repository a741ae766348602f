import "./help.css";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { language, t } from "../language";
import { loadHelp, matching, type Run, type Screen, type Topic } from "./help_texts";

export interface HelpPanelProps {
  screen: Screen;
  onClose: () => void;
}

function Words({ runs }: { runs: Run[] }) {
  return runs.map((run, index) =>
    typeof run === "string" ? run : <kbd key={index}>{run.on}</kbd>,
  );
}

function OneTopic({ topic }: { topic: Topic }) {
  return (
    <section id={`help-${topic.id}`} data-topic={topic.id} tabIndex={-1}>
      <h3>{topic.title}</h3>
      {topic.blocks.map(({ list, runs }, index) => (
        <p key={index} class={list ? "point" : ""}>
          <Words runs={runs} />
        </p>
      ))}
    </section>
  );
}

/** What a screen is and how everything on it is done; a dialog that Escape closes. */
export function HelpPanel({ screen, onClose }: HelpPanelProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [topics, setTopics] = useState<Topic[]>([]);
  const [question, setQuestion] = useState("");
  const [away, setAway] = useState(false);
  const speaks = language.value;

  useEffect(() => {
    loadHelp(screen, speaks).then(setTopics, () => setAway(true));
  }, [screen, speaks]);
  useLayoutEffect(() => dialog.current?.showModal(), []);

  const shown = matching(topics, question);
  function go(topic: Topic): void {
    const section = document.getElementById(`help-${topic.id}`);
    section?.scrollIntoView({ block: "start" });
    section?.focus({ preventScroll: true });
  }

  return (
    <dialog
      class="help-panel"
      ref={dialog}
      aria-label={t("help.open")}
      onClose={onClose}
      onKeyDown={(event) => {
        // Escape is meant for the help alone, not for what lies open behind it.
        event.stopPropagation();
        if (event.key === "Escape") dialog.current?.close();
      }}
      onClick={(event) => event.target === dialog.current && dialog.current?.close()}
    >
      <header>
        <h2>{t("help.open")}</h2>
        <input
          type="search"
          autofocus
          value={question}
          placeholder={t("help.search")}
          aria-label={t("help.search")}
          onInput={(event) => setQuestion(event.currentTarget.value)}
        />
        <button type="button" onClick={() => dialog.current?.close()}>
          {t("help.close")}
        </button>
      </header>
      {away && (
        <p class="refusal" role="alert">
          {t("common.no_network")}
        </p>
      )}
      <nav aria-label={t("help.topics")}>
        {shown.map((topic) => (
          <button type="button" key={topic.id} onClick={() => go(topic)}>
            {topic.title}
          </button>
        ))}
      </nav>
      <div class="topics" role="status">
        {shown.map((topic) => (
          <OneTopic key={topic.id} topic={topic} />
        ))}
        {topics.length > 0 && shown.length === 0 && <p>{t("help.nothing", { text: question })}</p>}
      </div>
    </dialog>
  );
}
