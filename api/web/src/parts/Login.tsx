import { useEffect, useState } from "preact/hooks";
import { find, t } from "../language";
import { ApiError } from "../request";
import type { Session } from "../types";
import { getElsewhere, signIn } from "./account/api";
import { sessionOver } from "./account/over";
import { LanguageSwitch } from "./LanguageSwitch";
import { problem } from "./problem";

const CODE_NEEDED = "urn:flowctl:code-needed";

interface Credentials {
  account: string;
  password: string;
}

function refusal(error: unknown, withCode: boolean): string {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 401) return t(withCode ? "login.wrong_code" : "login.wrong");
  if (status === 403) return t("login.disabled");
  if (status === 429) return t("login.too_many");
  return problem(error);
}

/** What brought somebody here: a session that is over, or a sign-in elsewhere that failed. */
function reason(): string | null {
  if (sessionOver.value !== null) return t(`login.session_${sessionOver.value}`);
  const said = new URLSearchParams(location.search).get("signin");
  return said === null ? null : find(`login.signin_${said}`);
}

export function Login({ title, onEnter }: { title: string; onEnter: (who: Session) => void }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const [known, setKnown] = useState<Credentials | null>(null);
  const why = reason();

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const given = known ?? {
      account: String(form.get("account")),
      password: String(form.get("password")),
    };
    const code = known ? String(form.get("code")) : undefined;
    setBusy(true);
    try {
      const who = await signIn(given.account, given.password, code);
      sessionOver.value = null;
      onEnter(who);
    } catch (error) {
      if (error instanceof ApiError && error.type === CODE_NEEDED) setKnown(given);
      setWrong(error instanceof ApiError && error.type === CODE_NEEDED ? null : error);
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
        {why !== null && wrong === null && (
          <p class="told" role="status">
            {why}
          </p>
        )}
        {known ? <CodeField /> : <PasswordFields />}
        {wrong !== null && (
          <p class="refusal" role="alert">
            {refusal(wrong, known !== null)}
          </p>
        )}
        <button class="main" disabled={busy}>
          {busy ? t("login.entering") : t("login.enter")}
        </button>
        {known ? (
          <button
            type="button"
            onClick={() => {
              setKnown(null);
              setWrong(null);
            }}
          >
            {t("login.back")}
          </button>
        ) : (
          <ElsewhereLink />
        )}
      </form>
    </main>
  );
}

function PasswordFields() {
  return (
    <>
      <label>
        {t("login.account")}
        <input name="account" autocomplete="username" required autofocus />
      </label>
      <label>
        {t("login.password")}
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
    </>
  );
}

function CodeField() {
  return (
    <label>
      {t("login.code")}
      <input
        name="code"
        autocomplete="one-time-code"
        minLength={6}
        maxLength={40}
        required
        ref={(input) => input?.focus()}
      />
    </label>
  );
}

/** The way in by the deployment's OpenID provider, where it has one. */
function ElsewhereLink() {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    // A page that works without a network asks in vain: there is then no such way in either.
    getElsewhere().then(
      (found) => setName(found.name),
      () => setName(null),
    );
  }, []);
  if (name === null) return null;
  return (
    <>
      <span class="or">{t("login.or")}</span>
      <a class="elsewhere" href={`/oidc/start?page=${encodeURIComponent(location.pathname)}`}>
        {t("login.elsewhere", { name })}
      </a>
    </>
  );
}
