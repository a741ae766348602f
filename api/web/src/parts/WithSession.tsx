import { useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { getSession, signOut } from "../client";
import { ApiError } from "../request";
import { t } from "../language";
import type { Role, Session } from "../types";
import { Authenticator } from "./account/Authenticator";
import "./account/account.css";
import { sessionOver } from "./account/over";
import { Login } from "./Login";
import { problem } from "./problem";

/** A wall that nobody stands at, opened before its network is there, comes up by itself. */
const RETRY_MS = 3_000;

interface Props {
  title: string;
  roles: readonly Role[];
  /** Who was signed in last, for a page that also works without a network. */
  kept?: Session | null;
  children: (session: Session, leave: () => void) => ComponentChildren;
}

/** Shows its children to a signed-in account of the right role, else the way in. */
export function WithSession({ title, roles, kept = null, children }: Props) {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [wrong, setWrong] = useState<unknown>(null);

  function look(): void {
    getSession().then(found, (error: unknown) => {
      if (error instanceof ApiError && error.status === 401) found(null);
      else if (error instanceof ApiError && error.status === 0 && kept) found(kept);
      else setWrong(error);
    });
  }
  function found(session: Session | null): void {
    setWrong(null);
    setSession(session);
  }
  useEffect(look, []);
  useEffect(() => {
    if (!isAway(wrong)) return undefined;
    const timer = setTimeout(look, RETRY_MS);
    return () => clearTimeout(timer);
  }, [wrong]);
  // Whatever the page asked for: once the server says that the session is over, it is.
  useSignalEffect(() => {
    if (sessionOver.value !== null) setSession(null);
  });

  const leave = (): void => {
    signOut().then(() => setSession(null), look);
  };

  if (wrong !== null) {
    return (
      <main class="login">
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
        <button
          onClick={() => {
            setWrong(null);
            look();
          }}
        >
          {t("common.retry")}
        </button>
      </main>
    );
  }
  if (session === undefined) return <main class="login">{t("common.loading")}</main>;
  if (session === null) return <Login title={title} onEnter={setSession} />;
  if (session.must_enrol) return <Enrol onDone={look} />;
  if (!roles.includes(session.role)) {
    return (
      <main class="login">
        <p class="refusal" role="alert">
          {t("common.not_allowed", { account: session.account })}
        </p>
        {session.permissions.includes("declare") && (
          <a class="elsewhere" href="/declare">
            {t("declare.title")}
          </a>
        )}
        <button onClick={leave}>{t("login.leave")}</button>
      </main>
    );
  }
  return <>{children(session, leave)}</>;
}

/** Tell a network or server that is away from one that has refused. */
const isAway = (error: unknown): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500);

/** Before anything else: the authenticator that the account's role must have. */
function Enrol({ onDone }: { onDone: () => void }) {
  return (
    <main class="login enrol">
      <section>
        <h1>{t("account.authenticator")}</h1>
        <p>{t("account.authenticator_must")}</p>
        <Authenticator onDone={onDone} />
      </section>
    </main>
  );
}
