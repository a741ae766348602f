import { useEffect, useState } from "preact/hooks";
import { t } from "../../language";
import { ApiError } from "../../request";
import { problem } from "../problem";
import * as api from "./api";
import { Prove } from "./Prove";

type Step =
  | { name: "rest" }
  | { name: "prove"; then: (password: string) => Promise<void> }
  | { name: "scan"; made: api.Enrolment }
  | { name: "codes"; codes: string[] };

/** The authenticator of one's own account: set up, taken away, its recovery codes. */
export function Authenticator({ onDone }: { onDone?: () => void }) {
  const [state, setState] = useState<{ on: boolean; recovery_codes_left: number } | null>(null);
  const [step, setStep] = useState<Step>({ name: "rest" });
  const [wrong, setWrong] = useState<unknown>(null);

  const look = (): void => void api.getAuthenticator().then(setState, setWrong);
  useEffect(look, []);
  const rest = (): void => {
    setStep({ name: "rest" });
    look();
  };
  const begin = async (password: string): Promise<void> =>
    setStep({ name: "scan", made: await api.beginAuthenticator(password) });
  const renew = async (password: string): Promise<void> =>
    setStep({ name: "codes", codes: (await api.renewCodes(password)).recovery_codes });
  const end = async (password: string): Promise<void> => {
    await api.endAuthenticator(password);
    rest();
  };

  if (step.name === "prove") return <Prove onProve={step.then} onCancel={rest} />;
  if (step.name === "scan") {
    return <Scan made={step.made} onCodes={(codes) => setStep({ name: "codes", codes })} />;
  }
  if (step.name === "codes") {
    return <Codes codes={step.codes} onRead={() => (onDone ? onDone() : rest())} />;
  }
  return (
    <>
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {state && (
        <p>
          {state.on
            ? t("account.authenticator_on", { n: state.recovery_codes_left })
            : t("account.authenticator_off")}
        </p>
      )}
      <span class="buttons">
        {state && !state.on && (
          <button
            type="button"
            class="main"
            onClick={() => setStep({ name: "prove", then: begin })}
          >
            {t("account.set_up")}
          </button>
        )}
        {state?.on && (
          <>
            <button type="button" onClick={() => setStep({ name: "prove", then: renew })}>
              {t("account.new_codes")}
            </button>
            <button type="button" onClick={() => setStep({ name: "prove", then: end })}>
              {t("account.take_away")}
            </button>
          </>
        )}
      </span>
    </>
  );
}

function Scan({ made, onCodes }: { made: api.Enrolment; onCodes: (codes: string[]) => void }) {
  const [wrong, setWrong] = useState<unknown>(null);
  const secret = new URL(made.address).searchParams.get("secret") ?? "";

  async function submit(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    try {
      onCodes((await api.confirmAuthenticator(String(form.get("code")))).recovery_codes);
    } catch (error) {
      setWrong(error);
    }
  }

  return (
    <form class="scan" onSubmit={(event) => void submit(event)}>
      <p>{t("account.scan")}</p>
      <img
        src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(made.svg)}`}
        alt={t("account.qr")}
      />
      <p>
        {t("account.secret")} <code>{secret.replace(/(.{4})/g, "$1 ").trim()}</code>
      </p>
      <label>
        {t("account.code")}
        <input
          name="code"
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9 ]{6,8}"
          required
          autofocus
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {wrong instanceof ApiError && wrong.status === 422
            ? t("login.wrong_code")
            : problem(wrong)}
        </p>
      )}
      <button class="main">{t("account.confirm")}</button>
    </form>
  );
}

function Codes({ codes, onRead }: { codes: string[]; onRead: () => void }) {
  return (
    <section class="codes">
      <h3>{t("account.recovery")}</h3>
      <p>{t("account.recovery_hint")}</p>
      <ul>
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <button type="button" class="main" onClick={onRead}>
        {t("account.written_down")}
      </button>
    </section>
  );
}
