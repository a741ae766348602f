import { useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import type { Role } from "../types";
import { type Account, AGENCIES, type Agency, type Person, ROLES } from "./api";
import { useSending } from "./useSending";

interface Props {
  /** The account that is changed; null makes one. */
  account: Account | null;
  onSave: (name: string, whose: Person, key: string) => Promise<void>;
  onCancel: () => void;
}

/** Whose an account is, and as what they come in. */
export function AccountForm({ account, onSave, onCancel }: Props) {
  const [role, setRole] = useState<Role>(account?.role ?? "operator");
  const { wrong, busy, send } = useSending();

  function submit(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const said = (name: string): string => String(form.get(name) ?? "").trim();
    const email = said("email");
    const whose = {
      role,
      person: said("person"),
      post: said("post"),
      ...(role === "officer" ? { agency: said("agency") as Agency } : {}),
      ...(email || account?.email ? { email } : {}),
    };
    void send((key) => onSave(account?.name ?? said("name"), whose, key));
  }

  return (
    <form
      class="of-account"
      onSubmit={submit}
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
    >
      <p class="quiet">{t("people.one_person")}</p>
      {!account && (
        <label>
          {t("people.account")}
          <input name="name" required maxLength={40} autocomplete="off" autofocus />
        </label>
      )}
      <label>
        {t("people.person")}
        <input
          name="person"
          required
          maxLength={80}
          defaultValue={account?.person ?? ""}
          autocomplete="off"
          autofocus={account !== null}
        />
      </label>
      <label>
        {t("people.post")}
        <input
          name="post"
          required
          maxLength={80}
          defaultValue={account?.post ?? ""}
          autocomplete="off"
        />
      </label>
      <label>
        {t("people.role")}
        <select
          name="role"
          value={role}
          onChange={(event) => setRole(event.currentTarget.value as Role)}
        >
          {ROLES.map((one) => (
            <option key={one} value={one}>
              {t(`account.role_${one}`)}
            </option>
          ))}
        </select>
      </label>
      {role === "officer" && (
        <label>
          {t("people.agency")}
          <select name="agency" required defaultValue={account?.agency ?? ""}>
            <option value="" disabled />
            {AGENCIES.map((one) => (
              <option key={one} value={one} selected={one === account?.agency}>
                {t(`account.agency_${one}`)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {t("people.email")}
        <input
          name="email"
          type="email"
          maxLength={254}
          defaultValue={account?.email ?? ""}
          autocomplete="off"
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <span class="buttons">
        <button class="main" disabled={busy}>
          {t(account ? "people.save" : "people.make")}
        </button>
        <button type="button" onClick={onCancel}>
          {t("people.cancel")}
        </button>
      </span>
    </form>
  );
}
