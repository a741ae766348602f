import { useState } from "preact/hooks";
import { t } from "../language";
import type { DriverView } from "../types";
import { CancelTrip, MoreTime, OtherSlot, RunningLate } from "./Answers";
import type { Saying } from "./api";
import { Sheet } from "./Sheet";
import { act, waiting } from "./waiting";

/** Stages in which the driver may still ask for something. */
const BEFORE_THE_CALL: readonly DriverView["state"][] = ["registered", "staged"];

interface Props {
  view: DriverView;
  now: Date;
}

/** What a driver may answer, at the thumb: yes with one press, all else behind a second one. */
export function Acts({ view, now }: Props) {
  const [open, setOpen] = useState(false);
  if (!view.may_act || !BEFORE_THE_CALL.includes(view.state)) return null;
  const accepting = waiting.value.some((one) => one.kind === "accept" && !one.refused);
  return (
    <nav class="acts">
      {view.may_accept && !accepting && (
        <button type="button" class="main accept" onClick={() => void act({ kind: "accept" })}>
          {t("driver.accept")}
        </button>
      )}
      <button type="button" class="change" onClick={() => setOpen(true)}>
        {t("driver.change")}
      </button>
      {open && <Change view={view} now={now} onDone={() => setOpen(false)} />}
    </nav>
  );
}

type Question = "late" | "slot" | "extension" | "cancel";

function Change({ view, now, onDone }: Props & { onDone: () => void }) {
  const [asked, setAsked] = useState<Question | null>(null);
  const say = (saying: Saying): void => {
    void act(saying);
    onDone();
  };
  const possible: [Question, string, boolean][] = [
    ["late", t("driver.late"), view.slot !== null],
    ["slot", t("driver.another"), view.not_before !== null],
    ["extension", t("driver.more_time"), view.not_before !== null],
    ["cancel", t("driver.cancel"), true],
  ];
  const name = possible.find(([question]) => question === asked)?.[1] ?? t("driver.change_title");
  const back = (): void => setAsked(null);
  return (
    <Sheet name={name} onClose={onDone}>
      {asked === null && <StandBy view={view} />}
      {asked === null &&
        possible.map(
          ([question, words, can]) =>
            can && (
              <button key={question} type="button" onClick={() => setAsked(question)}>
                {words}
              </button>
            ),
        )}
      {asked === null && view.slot && view.moves_left === 0 && <p>{t("driver.moves_none")}</p>}
      {asked === "late" && <RunningLate view={view} say={say} />}
      {asked === "slot" && <OtherSlot view={view} say={say} />}
      {asked === "extension" && <MoreTime view={view} now={now} say={say} back={back} />}
      {asked === "cancel" && <CancelTrip say={say} back={back} />}
    </Sheet>
  );
}

function StandBy({ view }: { view: DriverView }) {
  const wanted = waiting.value.findLast((one) => one.kind === "standby" && !one.refused);
  return (
    <label class="switch">
      <input
        type="checkbox"
        name="standby"
        checked={wanted?.kind === "standby" ? wanted.body.on : view.standby}
        onChange={({ currentTarget: { checked } }) => void act({ kind: "standby", body: { on: checked } })}
      />
      <span>
        {t("driver.standby")}
        <small>{t("driver.standby_hint")}</small>
      </span>
    </label>
  );
}
