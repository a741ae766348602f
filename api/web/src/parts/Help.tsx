import type { ComponentType } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../language";
import type { HelpPanelProps } from "./HelpPanel";
import type { Screen } from "./help_texts";

/** Somebody who types a question mark into a field means a question mark. */
function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable]");
}

/** The way into a screen's help: a button, and the key "?". */
export function Help({ screen }: { screen: Screen }) {
  const [open, setOpen] = useState(false);
  const [Panel, setPanel] = useState<ComponentType<HelpPanelProps> | null>(null);
  const button = useRef<HTMLButtonElement>(null);

  async function show(): Promise<void> {
    const { HelpPanel } = await import("./HelpPanel");
    setPanel(() => HelpPanel);
    setOpen(true);
  }
  useEffect(() => {
    const asked = (event: KeyboardEvent): void => {
      if (event.key !== "?" || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      void show();
    };
    addEventListener("keydown", asked);
    return () => removeEventListener("keydown", asked);
  }, []);

  function close(): void {
    setOpen(false);
    button.current?.focus();
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
        onClick={() => void show()}
      >
        ?
      </button>
      {open && Panel && <Panel screen={screen} onClose={close} />}
    </>
  );
}
