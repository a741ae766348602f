import type { ComponentType } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { language, t } from "../language";
import type { HelpPanelProps } from "./HelpPanel";
import type { Screen } from "./help_texts";

/** Somebody who types a question mark into a field means a question mark. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

interface Props {
  screen: Screen;
  /** Load it at once, for a page that is to have its help without a network too. */
  early?: boolean;
}

/** The way into a screen's help: a button, and the key "?". */
export function Help({ screen, early = false }: Props) {
  const [open, setOpen] = useState(false);
  const [Panel, setPanel] = useState<ComponentType<HelpPanelProps> | null>(null);
  const [away, setAway] = useState(false);
  const button = useRef<HTMLButtonElement>(null);

  function show(): void {
    import("./HelpPanel").then(
      ({ HelpPanel }) => {
        setPanel(() => HelpPanel);
        setAway(false);
        setOpen(true);
      },
      () => setAway(true),
    );
  }
  useEffect(() => {
    if (!early) return;
    const part = Promise.all([import("./HelpPanel"), import("./help_texts")]);
    // Where that fails it is loaded when somebody asks.
    part.then(([, { loadHelp }]) => loadHelp(screen, language.value)).catch(() => undefined);
  }, [early, screen, language.value]);
  useLayoutEffect(() => {
    const asked = (event: KeyboardEvent): void => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      show();
    };
    addEventListener("keydown", asked);
    return () => removeEventListener("keydown", asked);
  }, []);

  function close(): void {
    setOpen(false);
    // The browser gives the focus back, unless nothing had it when the key was pressed: then it
    // stays within the panel, which goes away.
    const now = document.activeElement;
    if (!now || now === document.body || now.closest(".help-panel")) button.current?.focus();
  }

  return (
    <>
      <button
        type="button"
        class="help"
        ref={button}
        aria-haspopup="dialog"
        aria-label={t("help.open")}
        title={`${t("help.open")} (?)`}
        onClick={show}
      >
        ?
      </button>
      {away && !open && (
        <p class="refusal help-away" role="alert">
          {t("common.no_network")}
        </p>
      )}
      {open && Panel && <Panel screen={screen} onClose={close} />}
    </>
  );
}
