import { useState } from "preact/hooks";
import { t } from "../../language";
import * as api from "./api";
import { refusalOf } from "./Prove";

/** Another password for one's own account. */
export function Password() {
  const [open, setOpen] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const [done, setDone] = useState(false);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      await api.changePassword(String(form.get("old")), String(form.get("new")));
      setOpen(false);
      setDone(true);
      setWrong(null);
    } catch (error) {
      setWrong(error);
    }
  }

  if (!open) {
    return (
      <>
        {done && <p role="status">{t("account.changed")}</p>}
        <button type="button" onClick={() => setOpen(true)}>
          {t("account.change_password")}
        </button>
      </>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)}>
      <label>
        {t("account.old_password")}
        <input name="old" type="password" autocomplete="current-password" required autofocus />
      </label>
      <label>
        {t("account.new_password")}
        <input
          name="new"
          type="password"
          autocomplete="new-password"
          minLength={10}
          maxLength={200}
          required
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {refusalOf(wrong)}
        </p>
      )}
      <span class="buttons">
        <button class="main">{t("account.change_password")}</button>
        <button type="button" onClick={() => setOpen(false)}>
          {t("account.cancel")}
        </button>
      </span>
    </form>
  );
}
