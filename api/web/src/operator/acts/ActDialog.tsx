import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../../language";
import { problem } from "../../parts/problem";
import { useTick } from "../../parts/useTick";
import { ApiError, newKey } from "../../request";

/** What is shown before an act is done; `allowed` false where it cannot be. */
export interface Shown {
  view: ComponentChildren;
  allowed: boolean;
}

interface Props {
  title: string;
  hint?: string;
  /** What is chosen. */
  children: ComponentChildren;
  /** The effect of what is chosen; null where an act touches nobody else. */
  show: (() => Promise<Shown>) | null;
  /** What the button says that does it. */
  confirm: string;
  /** Do it, once for a key; returns what is said of the outcome, null to just close. */
  enter: (key: string) => Promise<ComponentChildren>;
  /** For who looks for this one among dialogs. */
  name: string;
  onLeave: () => void;
}

type Step =
  | { at: "choosing" }
  | { at: "asking" }
  | { at: "shown"; shown: Shown }
  | { at: "entering"; shown: Shown | null }
  | { at: "done"; outcome: ComponentChildren };

/**
 * The one way an act is done: choose, see what it changes, confirm, hear what became of it.
 *
 * Nothing is shown as done before the server has said so. Enter goes on, Escape leaves.
 */
export function ActDialog(props: Props) {
  const { title, hint, children, show, confirm, enter, name, onLeave } = props;
  const box = useRef<HTMLDialogElement>(null);
  const go = useRef<HTMLButtonElement>(null);
  const ask = useRef<HTMLButtonElement>(null);
  const back = useRef<HTMLButtonElement>(null);
  const key = useRef(newKey());
  const [step, setStep] = useState<Step>({ at: "choosing" });
  const [wrong, setWrong] = useState<unknown>(null);

  // With the drawing itself, so that a quick Enter meets the button and is not lost.
  useLayoutEffect(() => box.current?.showModal(), []);
  useLayoutEffect(() => {
    if (step.at === "shown" || step.at === "done") (go.current ?? back.current)?.focus();
    if (step.at === "choosing" && wrong !== null) ask.current?.focus();
  }, [step.at]);

  // What was answered is over. Where no answer came the act may have been done: the same key then
  // makes the next try the same act, unless something else is chosen.
  const renew = (): void => {
    key.current = newKey();
  };
  function fail(error: unknown): void {
    if (error instanceof ApiError && error.status !== 0) renew();
    setWrong(error);
    setStep({ at: "choosing" });
  }
  function act(shown: Shown | null): void {
    setWrong(null);
    setStep({ at: "entering", shown });
    enter(key.current).then((outcome) => {
      if (outcome === null) box.current?.close();
      else setStep({ at: "done", outcome });
    }, fail);
  }
  function choose(event: SubmitEvent): void {
    event.preventDefault();
    setWrong(null);
    if (show === null) return act(null);
    setStep({ at: "asking" });
    show().then((shown) => setStep({ at: "shown", shown }), fail);
  }

  const shown = step.at === "shown" || step.at === "entering" ? step.shown : null;
  const busy = step.at === "asking" || step.at === "entering";
  return (
    <dialog
      ref={box}
      class={`acting ${name}`}
      data-act={name}
      aria-label={title}
      onClose={onLeave}
      // The console's own keys do not act on what lies below.
      onKeyDown={(event) => event.stopPropagation()}
    >
      <h2>{title}</h2>
      {hint !== undefined && step.at !== "done" && <p class="quiet">{hint}</p>}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {step.at === "done" ? (
        <>
          <div class="outcome" role="status">
            {step.outcome}
          </div>
          <p class="choices">
            <button type="button" class="main" ref={go} onClick={() => box.current?.close()}>
              {t("act.close")}
            </button>
          </p>
        </>
      ) : (
        <form onSubmit={choose}>
          <fieldset class="fields" disabled={busy || shown !== null} onInput={renew}>
            {children}
          </fieldset>
          {step.at === "asking" && <Computing />}
          {shown?.view}
          <p class="choices">
            {shown === null ? (
              <>
                <button type="button" onClick={() => box.current?.close()}>
                  {t("act.cancel")}
                </button>
                <button class="main" ref={ask} disabled={busy}>
                  {show === null ? confirm : t("act.show_effect")}
                </button>
              </>
            ) : (
              <>
                <button
                  type="button"
                  ref={back}
                  disabled={busy}
                  onClick={() => setStep({ at: "choosing" })}
                >
                  {t("act.change")}
                </button>
                {shown.allowed && (
                  <button
                    type="button"
                    class="danger"
                    ref={go}
                    disabled={busy}
                    onClick={() => act(shown)}
                  >
                    {busy ? t("act.sending") : confirm}
                  </button>
                )}
              </>
            )}
          </p>
        </form>
      )}
    </dialog>
  );
}

/** That the planner is at work, and for how long. */
function Computing() {
  const [began] = useState(() => Date.now());
  const wall = useTick(1000);
  const n = Math.max(0, Math.round((wall - began) / 1000));
  return (
    <p class="computing" role="status">
      <progress /> {t("act.computing", { n })}
    </p>
  );
}
