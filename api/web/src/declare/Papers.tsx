import { useEffect, useRef, useState } from "preact/hooks";
import { find, t } from "../language";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import { decimal } from "../time";
import { addPaper, dropPaper, type Holder, listPapers } from "./api";

const AGAIN_MS = 20_000;
const MOST_MB = 10;
const MB = 1_048_576;
const KINDS = [
  "customs",
  "invoice",
  "packing_list",
  "origin",
  "plant_health",
  "health",
  "transport",
  "vehicle",
  "driver",
  "photo",
  "payment",
  "other",
] as const;
const TAKEN = ".pdf,.jpg,.jpeg,.png";

interface Props {
  of: Holder;
  /** What must be there before a file can hang on it, such as a saved draft. */
  before: () => Promise<boolean>;
  onHaving?: (has: boolean) => void;
}

/** Files of a trip: dropped or chosen, sent with what share has gone, and what became of them. */
export function Papers({ of, before, onHaving }: Props) {
  const asked = useAsked(
    () => listPapers(of).catch((error: unknown) => (isNotThere(error) ? [] : Promise.reject(error))),
    AGAIN_MS,
    [],
  );
  const [kind, setKind] = useState<(typeof KINDS)[number]>(KINDS[0]);
  const [going, setGoing] = useState<{ name: string; share: number } | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const chosen = useRef<HTMLInputElement>(null);
  const n = asked.answer?.length ?? 0;
  useEffect(() => onHaving?.(n > 0), [n]);

  async function add(files: readonly File[]): Promise<void> {
    setWrong(null);
    for (const file of files) {
      if (file.size > MOST_MB * MB) {
        setWrong(t("declare.paper_large", { name: file.name, most: MOST_MB }));
        continue;
      }
      setGoing({ name: file.name, share: 0 });
      try {
        if (!(await before())) break;
        await addPaper(of, kind, file, (share) => setGoing({ name: file.name, share }));
      } catch (error) {
        setWrong(problem(error));
      }
    }
    setGoing(null);
    asked.again();
  }

  return (
    <div
      class="papers"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        void add([...(event.dataTransfer?.files ?? [])]);
      }}
    >
      <div class="add">
        <label>
          {t("declare.paper_kind")}
          <select
            value={kind}
            onChange={(event) => setKind(event.currentTarget.value as (typeof KINDS)[number])}
          >
            {KINDS.map((one) => (
              <option key={one} value={one}>
                {t(`declare_paper.${one}`)}
              </option>
            ))}
          </select>
        </label>
        <button type="button" onClick={() => chosen.current?.click()}>
          {t("declare.paper_add")}
        </button>
        <input
          ref={chosen}
          type="file"
          multiple
          hidden
          accept={TAKEN}
          aria-label={t("declare.paper_add")}
          onChange={(event) => {
            const files = [...(event.currentTarget.files ?? [])];
            event.currentTarget.value = "";
            void add(files);
          }}
        />
        <small class="quiet">{t("declare.paper_limits", { most: MOST_MB })}</small>
      </div>
      {going && (
        <p role="status">
          {going.name} <progress value={going.share} aria-label={going.name} />
        </p>
      )}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {wrong}
        </p>
      )}
      <ul aria-live="polite">
        {asked.answer?.map((paper) => (
          <li key={paper.id} data-state={paper.state}>
            {paper.opens ? (
              <a href={`/v1/documents/${paper.id}`} download>
                {paper.name}
              </a>
            ) : (
              <span>{paper.name ?? t("common.none")}</span>
            )}
            <small>
              {[
                find(`declare_paper.${paper.kind}`) ?? paper.kind,
                t("declare.paper_size", { mb: decimal(paper.size_bytes / MB, 0, 2) }),
                find(`declare_paper_state.${paper.state}`) ?? paper.state,
              ].join(" · ")}
            </small>
            {!paper.seen && paper.state !== "erased" && (
              <SureButton
                name={t("declare.drop")}
                sure={t("declare.drop_sure")}
                onSure={() =>
                  void dropPaper(paper.id)
                    .catch((error: unknown) => setWrong(problem(error)))
                    .then(asked.again)
                }
              />
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A draft that was never saved has no papers yet. */
const isNotThere = (error: unknown): boolean =>
  (error as { status?: number } | null)?.status === 404;
