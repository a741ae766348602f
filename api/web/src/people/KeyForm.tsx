import { t } from "../language";
import { problem } from "../parts/problem";
import * as api from "./api";
import { DeskChoice, ScopeBoxes, scopesOf } from "./ScopeBoxes";
import { useSending } from "./useSending";

/** What a form of this page makes or changes. */
export type Wish =
  | { kind: "source" }
  | { kind: "rights"; source: api.Source }
  | { kind: "key"; source: api.Source }
  | { kind: "narrow"; key: api.Key };

interface Props {
  wish: Wish;
  onDone: (made: api.Made | null) => void;
  onCancel: () => void;
}

const deskOf = (form: FormData): api.Desk | null =>
  api.DESKS.find((one) => one === form.get("agency")) ?? null;

async function carryOut(wish: Wish, form: FormData, key: string): Promise<api.Made | null> {
  const scopes = scopesOf(form);
  if (wish.kind === "source") {
    const enrols = form.get("enrols") !== null;
    return api.makeSource(String(form.get("name")), scopes, deskOf(form), enrols, key);
  }
  if (wish.kind === "key") {
    const days = String(form.get("days") ?? "");
    return api.makeKey(wish.source.name, scopes, days === "" ? null : Number(days), key);
  }
  if (wish.kind === "rights") await api.changeSource(wish.source.name, scopes, deskOf(form));
  else await api.narrowKey(wish.key.id, scopes);
  return null;
}

function rightsOf(wish: Wish): { among: readonly api.Scope[]; chosen: readonly api.Scope[] } {
  if (wish.kind === "source") return { among: api.SCOPES, chosen: ["positions"] };
  if (wish.kind === "rights") return { among: api.SCOPES, chosen: wish.source.scopes };
  if (wish.kind === "key") return { among: wish.source.scopes, chosen: wish.source.scopes };
  return { among: wish.key.scopes, chosen: wish.key.scopes };
}

const TITLES = {
  source: "people.new_source",
  rights: "people.may",
  key: "people.new_key",
  narrow: "people.narrow",
} as const;

/** A machine to let in, another set of rights, one more key, or a key that is to do less. */
export function KeyForm({ wish, onDone, onCancel }: Props) {
  const { wrong, busy, send } = useSending();

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void send(async (key) => onDone(await carryOut(wish, form, key)));
  }

  const title = t(TITLES[wish.kind]);
  return (
    <form
      class="of-key"
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
    >
      <h2>{"source" in wish ? `${wish.source.name}: ${title}` : title}</h2>
      {wish.kind === "source" && (
        <label>
          {t("people.source")}
          <input name="name" required maxLength={40} autocomplete="off" autofocus />
        </label>
      )}
      <ScopeBoxes legend={t("people.may")} {...rightsOf(wish)} />
      {(wish.kind === "source" || wish.kind === "rights") && (
        <DeskChoice chosen={wish.kind === "rights" ? wish.source.agency : null} />
      )}
      {wish.kind === "source" && (
        <label class="box">
          <input type="checkbox" name="enrols" />
          {t("people.enrols")}
        </label>
      )}
      {wish.kind === "key" && (
        <label>
          {t("people.days")}
          <input name="days" type="number" min={1} max={3650} />
        </label>
      )}
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <span class="buttons">
        <button class="main" disabled={busy}>
          {t(wish.kind === "source" || wish.kind === "key" ? "people.make" : "people.save")}
        </button>
        <button type="button" onClick={onCancel}>
          {t("people.cancel")}
        </button>
      </span>
    </form>
  );
}
