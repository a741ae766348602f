import { useEffect, useRef, useState } from "preact/hooks";
import { find, t } from "../language";
import type { Session } from "../types";
import { Authenticator } from "./account/Authenticator";
import "./account/account.css";
import { siteMoment } from "./account/moments";
import { Password } from "./account/Password";
import { Sessions } from "./account/Sessions";

/** So long the last sign-in is shown after this one; the sheet says it later. */
const LAST_SHOWN_MS = 15_000;

interface Props {
  session: Session;
  onLeave: () => void;
}

/** Who is signed in, as what and where else, and the way out. */
export function AccountMenu({ session, onLeave }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [unread, setUnread] = useState(session.last !== null);

  function show(): void {
    setUnread(false);
    setOpen(true);
    dialog.current?.showModal();
  }
  const close = (): void => dialog.current?.close();

  return (
    <span class="account-menu">
      <button
        type="button"
        class={unread ? "account unread" : "account"}
        aria-haspopup="dialog"
        onClick={show}
      >
        {session.person || session.account}
        <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
          <path
            d="M8 8.2a3 3 0 1 0 0-6 3 3 0 0 0 0 6ZM2.5 14c.5-3 2.7-4.3 5.5-4.3s5 1.3 5.5 4.3"
            fill="none"
            stroke="currentColor"
            stroke-width="1.5"
          />
        </svg>
      </button>
      {unread && <Note session={session} onRead={() => setUnread(false)} />}
      <dialog
        ref={dialog}
        class="my-account"
        aria-label={t("account.title")}
        onClose={() => setOpen(false)}
        onClick={(event) => event.target === dialog.current && close()}
      >
        {open && <Account session={session} onClose={close} onLeave={onLeave} />}
      </dialog>
    </span>
  );
}

/** The last sign-in for a while; narrow pages have no room beside their buttons, and show a dot. */
function Note({ session, onRead }: { session: Session; onRead: () => void }) {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setOver(true), LAST_SHOWN_MS);
    return () => clearTimeout(timer);
  }, []);
  if (over) return null;
  return (
    <span class="last-time" role="status">
      <LastTime session={session} />
      <button type="button" onClick={onRead} aria-label={t("common.close")}>
        ×
      </button>
    </span>
  );
}

/** When the account was last opened: who reads what they did not do knows that it is shared. */
function LastTime({ session: { last, timezone } }: { session: Session }) {
  if (!last) return null;
  const at = siteMoment(last.at, timezone);
  return (
    <span>
      {t("account.last", { at, address: last.address ?? t("account.address_here") })}
      <small>{t("account.not_you")}</small>
    </span>
  );
}

function Account({ session, onClose, onLeave }: Props & { onClose: () => void }) {
  const agency = session.agency && find(`account.agency_${session.agency}`);
  return (
    <div class="sheet">
      <header>
        <div>
          <h2>{session.person || session.account}</h2>
          <p>
            {[t(`account.role_${session.role}`), agency, session.post].filter(Boolean).join(" · ")}
          </p>
          <p class="quiet">
            {t("login.account")}: {session.account}
          </p>
        </div>
        <button type="button" onClick={onClose} aria-label={t("common.close")}>
          ×
        </button>
      </header>
      <section>
        <h3>{t("account.sessions")}</h3>
        <LastTime session={session} />
        <Sessions timezone={session.timezone} />
      </section>
      <section>
        <h3>{t("account.authenticator")}</h3>
        <Authenticator />
      </section>
      <section>
        <h3>{t("account.password")}</h3>
        <Password />
      </section>
      <footer>
        {session.permissions.includes("bulletin") && (
          <a href="/bulletin">{t("bulletin.title")}</a>
        )}
        {session.permissions.includes("work") && <a href="/agency">{t("agency.title")}</a>}
        {session.permissions.includes("declare") && (
          <a href="/declare">{t("declare.title")}</a>
        )}
        {session.permissions.includes("people") && <a href="/people">{t("account.people")}</a>}
        <button type="button" class="main" onClick={onLeave}>
          {t("login.leave")}
        </button>
      </footer>
    </div>
  );
}
