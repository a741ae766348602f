import { useState } from "preact/hooks";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import { AccountForm } from "./AccountForm";
import * as api from "./api";
import { MadeSecret } from "./MadeSecret";

const AGAIN_MS = 30_000;

/** Every account: whose it is, as what they come in, and what can be done about it. */
export function Accounts({ me, timezone }: { me: string; timezone: string }) {
  const { answer, wrong, again } = useAsked(api.listAccounts, AGAIN_MS, []);
  const [form, setForm] = useState<api.Account | "new" | null>(null);
  const [made, setMade] = useState<api.Made | null>(null);
  const [refused, setRefused] = useState<unknown>(null);

  async function act(work: () => Promise<unknown>): Promise<void> {
    setRefused(null);
    try {
      await work();
    } catch (error) {
      setRefused(error);
    }
    again();
  }
  const password = (name: string): Promise<void> =>
    act(async () => setMade(await api.givePassword(name)));

  async function save(name: string, whose: api.Person, key: string): Promise<void> {
    if (form === "new") setMade(await api.makeAccount(name, whose, key));
    else await api.changeAccount(name, whose);
    setForm(null);
    again();
  }

  const shown = refused ?? wrong;
  return (
    <>
      <div class="above">
        <button type="button" class="main" onClick={() => setForm("new")}>
          {t("people.new_account")}
        </button>
      </div>
      {shown !== null && (
        <p class="refusal" role="alert">
          {problem(shown)}
        </p>
      )}
      {made && <MadeSecret made={made} kind="password" onClose={() => setMade(null)} />}
      {form && (
        <AccountForm
          key={form === "new" ? "" : form.name}
          account={form === "new" ? null : form}
          onSave={save}
          onCancel={() => setForm(null)}
        />
      )}
      <table>
        <thead>
          <tr>
            <th>{t("people.account")}</th>
            <th>{t("people.person")}</th>
            <th>{t("people.role")}</th>
            <th>{t("people.state")}</th>
            <th>{t("people.last_in")}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {answer?.map((one) => (
            <tr key={one.name} class={one.disabled_at ? "off" : ""}>
              <td>
                <b>{one.name}</b>
              </td>
              <td>
                {one.person ?? t("people.nobody_said")}
                <small>{one.post}</small>
              </td>
              <td>
                {t(`account.role_${one.role}`)}
                {one.agency && <small>{t(`account.agency_${one.agency}`)}</small>}
              </td>
              <td>
                {t(one.disabled_at ? "people.disabled" : "people.active")}
                {one.authenticator && <small>{t("people.with_code")}</small>}
              </td>
              <td>
                {one.last_at === null
                  ? t("people.never")
                  : t("people.from", {
                      at: siteMoment(one.last_at, timezone),
                      address: one.last_address ?? t("account.address_here"),
                    })}
                {one.sessions > 0 && (
                  <small>{t("people.sessions_open", { n: one.sessions })}</small>
                )}
              </td>
              <td>
                <span class="buttons">
                  <AccountButtons
                    one={one}
                    me={me}
                    act={act}
                    password={password}
                    edit={setForm}
                  />
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

interface ButtonsProps {
  one: api.Account;
  me: string;
  act: (work: () => Promise<unknown>) => Promise<void>;
  password: (name: string) => Promise<void>;
  edit: (account: api.Account) => void;
}

function AccountButtons({ one, me, act, password, edit }: ButtonsProps) {
  const { name } = one;
  return (
    <>
      <button type="button" onClick={() => edit(one)}>
        {t("people.change")}
      </button>
      {one.sessions > 0 && name !== me && (
        <SureButton
          name={t("people.end_sessions")}
          sure={t("people.end_sessions_sure")}
          onSure={() => void act(() => api.endSessions(name))}
        />
      )}
      {name !== me && (
        <SureButton
          name={t("people.new_password")}
          sure={t("people.new_password_sure")}
          onSure={() => void password(name)}
        />
      )}
      {one.authenticator && name !== me && (
        <SureButton
          name={t("people.reset_code")}
          sure={t("people.reset_code_sure")}
          onSure={() => void act(() => api.resetCode(name))}
        />
      )}
      {one.disabled_at ? (
        <button type="button" onClick={() => void act(() => api.enable(name))}>
          {t("people.enable")}
        </button>
      ) : (
        <SureButton
          name={t("people.disable")}
          sure={t("people.disable_sure")}
          onSure={() => void act(() => api.disable(name))}
        />
      )}
    </>
  );
}
