import { useState } from "preact/hooks";
import { signIn } from "../client";
import { ApiError } from "../request";
import { t } from "../language";
import type { Session } from "../types";
import { LanguageSwitch } from "./LanguageSwitch";
import { problem } from "./problem";

function refusal(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return t("login.wrong");
  if (error instanceof ApiError && error.status === 429) return t("login.too_many");
  return problem(error);
}

export function Login({ title, onEnter }: { title: string; onEnter: (who: Session) => void }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    setBusy(true);
    try {
      onEnter(await signIn(String(form.get("account")), String(form.get("password"))));
    } catch (error) {
      setWrong(error);
      setBusy(false);
    }
  }

  return (
    <main class="login">
      <form onSubmit={(event) => void submit(event)}>
        <header>
          <strong>{t("common.product")}</strong>
          <LanguageSwitch />
        </header>
        <h1>{title}</h1>
        <label>
          {t("login.account")}
          <input name="account" autocomplete="username" required autofocus />
        </label>
        <label>
          {t("login.password")}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        {wrong !== null && (
          <p class="refusal" role="alert">
            {refusal(wrong)}
          </p>
        )}
        <button class="main" disabled={busy}>
          {busy ? t("login.entering") : t("login.enter")}
        </button>
      </form>
    </main>
  );
}
