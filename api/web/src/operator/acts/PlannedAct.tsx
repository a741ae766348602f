import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../../language";
import type { Site } from "../../types";
import { ActDialog } from "./ActDialog";
import type { ActKind, ActRecord, FieldsOf, Wish } from "./acts";
import { enterAct, previewAct } from "./api";
import { Because, type Cause, NO_CAUSE } from "./Because";
import { EffectView } from "./EffectView";

interface Props<K extends ActKind> {
  kind: K;
  title: string;
  hint?: string;
  codes: readonly string[];
  site: Site;
  /** What the fields say. */
  wish: () => FieldsOf<K>;
  children?: ComponentChildren;
  onLeave: () => void;
  onDone: () => void;
}

/** What is said once the server has taken an act. */
function outcome({ state }: ActRecord): string {
  if (state === "waiting") return t("act.done_waiting");
  return t(state === "standing" ? "act.done_standing" : "act.done_done");
}

/** An act whose effect the planner works out before it is entered. */
export function PlannedAct<K extends ActKind>(props: Props<K>) {
  const { kind, title, hint, codes, site, wish, children, onLeave, onDone } = props;
  const [cause, setCause] = useState<Cause>(NO_CAUSE);
  // TypeScript does not see that the fields are those of the kind.
  const whole = (): Wish =>
    ({ ...wish(), kind, reason: cause.reason, note: cause.note.trim() }) as unknown as Wish;
  return (
    <ActDialog
      name={kind}
      title={title}
      {...(hint === undefined ? {} : { hint })}
      confirm={t("act.confirm")}
      show={async () => {
        const effect = await previewAct(whole());
        return {
          view: <EffectView effect={effect} site={site} />,
          allowed: effect.refused === null,
        };
      }}
      enter={async (key) => {
        const record = await enterAct(whole(), key);
        onDone();
        return <p>{outcome(record)}</p>;
      }}
      onLeave={onLeave}
    >
      {children}
      <Because codes={codes} cause={cause} noted onCause={setCause} />
    </ActDialog>
  );
}
