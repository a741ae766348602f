/** A form that saves itself: as a draft on the server, and in this tab while no server answers. */

import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../request";
import { type Form, getDraft, putDraft } from "./api";

/** So long after the last change a draft is saved. */
const QUIET_MS = 800;
const AGAIN_MS = 5_000;
const NEWER = "urn:flowctl:draft_newer";
const keptAs = (id: string): string => `flowctl.declare.${id}`;

/** How a draft stands: nothing to save yet, saved, on its way, kept here, or newer elsewhere. */
export type Standing = "untouched" | "saved" | "saving" | "kept" | "newer" | "wrong";

export interface Saving {
  standing: Standing;
  savedAt: string | null;
  wrong: unknown;
  /** Save at once, and say whether it is on the server. */
  save: () => Promise<boolean>;
  /** Keep what stands here although another window saved something newer. */
  insist: () => Promise<void>;
  /** No more of it: it became a trip, or was thrown away. */
  end: () => void;
}

/** What this tab kept of a draft because no server answered. */
export function keptForm(id: string): Form | null {
  const kept = sessionStorage.getItem(keptAs(id));
  return kept === null ? null : (JSON.parse(kept) as Form);
}

export function useDraft(id: string, form: Form, isTouched: boolean, revision: number): Saving {
  const [standing, setStanding] = useState<Standing>(revision > 0 ? "saved" : "untouched");
  const [savedAt, setSavedAt] = useState<string | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const at = useRef({ revision, text: "", ended: false, going: Promise.resolve(true) });
  const text = JSON.stringify(form);

  function failed(error: unknown): boolean {
    const isAway = error instanceof ApiError && (error.status === 0 || error.status === 503);
    if (isAway) sessionStorage.setItem(keptAs(id), JSON.stringify(latest.current));
    const isNewer = error instanceof ApiError && error.type === NEWER;
    setWrong(isAway || isNewer ? null : error);
    setStanding(isAway ? "kept" : isNewer ? "newer" : "wrong");
    return false;
  }
  const latest = useRef(form);
  latest.current = form;

  async function put(): Promise<boolean> {
    const sent = JSON.stringify(latest.current);
    if (at.current.ended || sent === at.current.text) return true;
    setStanding("saving");
    try {
      const draft = await putDraft(id, at.current.revision, latest.current);
      at.current = { ...at.current, revision: draft.revision, text: sent };
      sessionStorage.removeItem(keptAs(id));
      setSavedAt(draft.changed_at);
      setWrong(null);
      setStanding("saved");
      return true;
    } catch (error) {
      return failed(error);
    }
  }
  // One after the other: two at once would be two windows to the server.
  function save(): Promise<boolean> {
    at.current.going = at.current.going.then(put);
    return at.current.going;
  }

  useEffect(() => {
    if (!isTouched || at.current.ended) return undefined;
    const timer = setTimeout(() => standing !== "newer" && void save(), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text, isTouched]);
  useEffect(() => {
    if (standing !== "kept") return undefined;
    const timer = setInterval(() => void save(), AGAIN_MS);
    return () => clearInterval(timer);
  }, [standing]);

  return {
    standing,
    savedAt,
    wrong,
    save,
    insist: async () => {
      at.current.revision = (await getDraft(id)).revision;
      await save();
    },
    end: () => {
      at.current.ended = true;
      sessionStorage.removeItem(keptAs(id));
    },
  };
}
