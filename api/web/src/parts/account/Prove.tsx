import { useState } from "preact/hooks";
import { t } from "../../language";
import { ApiError } from "../../request";
import { problem } from "../problem";

const WRONG = "urn:flowctl:password";

export const refusalOf = (error: unknown): string =>
  error instanceof ApiError && error.type === WRONG ? t("account.wrong_password") : problem(error);

interface Props {
  /** Does what the password is asked for. */
  onProve: (password: string) => Promise<void>;
  onCancel: () => void;
}

/** Asks for the password anew: a session somebody walked away from shall not be enough. */
export function Prove({ onProve, onCancel }: Props) {
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      await onProve(String(form.get("password")));
    } catch (error) {
      setWrong(error);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form class="prove" onSubmit={(event) => void submit(event)}>
      <label>
        {t("account.prove")}
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          required
          autofocus
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {refusalOf(wrong)}
        </p>
      )}
      <span class="buttons">
        <button class="main" disabled={busy}>
          {t("account.go_on")}
        </button>
        <button type="button" onClick={onCancel}>
          {t("account.cancel")}
        </button>
      </span>
    </form>
  );
}
