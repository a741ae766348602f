import { useState } from "preact/hooks";
import { t } from "../../language";
import { ActDialog } from "../../operator/acts/ActDialog";
import { stageName } from "../../parts/names";
import { sayOfMany, say } from "../api";
import { stageOf } from "../names";
import type { Belongs, Bulk, Facts, Item, Word } from "../types";
import { Settle } from "./Settle";
import { reasonName, reasons } from "./reasons";

/** What is being said, of which stages. */
export interface Saying {
  act: Word["act"];
  items: readonly (Item & { plate: string })[];
  /** What the stage settles, where the trip's own version says it. */
  settles?: readonly string[];
}

interface Props {
  saying: Saying;
  desk: Belongs;
  onDone: (outcome: Bulk) => void;
  onLeave: () => void;
}

/** The facts that whoever confirms these stages has to say: of one truck at a time. */
export function settledBy({ act, items, settles }: Saying): readonly string[] {
  const [only, ...more] = items;
  if (act !== "confirmed" || !only || more.length > 0) return [];
  return settles ?? stageOf(only.stage)?.settles ?? [];
}

/** Send a word; of one truck a refusal is thrown, of several it is told of each. */
export async function send(
  { act, items }: Saying,
  word: Omit<Word, "act">,
  desk: Belongs,
  key: string,
): Promise<Bulk> {
  const all = items.map(({ trip, stage }) => ({ trip, stage }));
  const [only] = all;
  if (all.length > 1 || !only) return sayOfMany(desk, all, { act, ...word }, key);
  await say(only.trip, only.stage, { act, ...word }, key);
  return { done: all, refused: [] };
}

/** Asks for what a word needs: why it is refused, what is asked back, what is settled. */
export function SayDialog({ saying, desk, onDone, onLeave }: Props) {
  const { act, items } = saying;
  const [reason, setReason] = useState("");
  const [note, setNote] = useState("");
  const [settled, setSettled] = useState<Facts>({});
  const settles = settledBy(saying);
  const hasReason = act === "refused" || act === "asked";
  const named = items.slice(0, 3).map(({ plate }) => plate);
  const whom = items.length > 3 ? t("agency.n_trucks", { n: items.length }) : named.join(", ");

  async function enter(key: string): Promise<null> {
    const word = {
      ...(reason !== "" && { reason }),
      ...(note.trim() !== "" && { note: note.trim() }),
      ...(settles.length > 0 && { settled }),
    };
    onDone(await send(saying, word, desk, key));
    return null;
  }

  return (
    <ActDialog
      name={`say-${act}`}
      title={`${t(`agency.act_${act}`)}: ${whom}`}
      hint={items[0] ? stageName(items[0].stage) : ""}
      show={null}
      confirm={t(`agency.do_${act}`)}
      enter={enter}
      onLeave={onLeave}
    >
      {settles.length > 0 && items[0] && (
        <Settle facts={settles} trip={items[0].trip} chosen={settled} onChoose={setSettled} />
      )}
      {hasReason && (
        <label>
          {t("agency.why")}
          <select
            name="reason"
            required
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          >
            <option value="">{t("agency.choose")}</option>
            {reasons().map((code) => (
              <option key={code} value={code}>
                {reasonName(code)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {t(act === "asked" ? "agency.question" : "agency.note")}
        <textarea
          name="note"
          rows={3}
          maxLength={500}
          required={act === "asked" || act === "answered" || reason === "other"}
          value={note}
          onInput={(event) => setNote(event.currentTarget.value)}
        />
      </label>
    </ActDialog>
  );
}
