import { useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { ApiError } from "../request";
import { postClaim, sendCode } from "./api";
import { code, look } from "./view";

/** What went wrong with a code or a number, in the driver's words. */
export function codeProblem(error: unknown): string {
  if (error instanceof ApiError && error.status === 403) return t("driver.code_wrong");
  if (error instanceof ApiError && error.status === 429) return t("driver.code_locked");
  return problem(error);
}

interface DigitsProps {
  sent: string;
  name: string;
  onDigits: (digits: string) => Promise<void>;
  /** Asks for another code. */
  again: () => Promise<void>;
}

/** Asks for the six digits of an SMS. */
export function Digits({ sent, name, onDigits, again }: DigitsProps) {
  const [resent, setResent] = useState(false);
  const [digits, setDigits] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = (work: Promise<void>): void => {
    setBusy(true);
    work.catch(setWrong).finally(() => setBusy(false));
  };
  const resend = async (): Promise<void> => {
    await again();
    setWrong(null);
    setResent(true);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run(onDigits(digits));
      }}
    >
      <p role="status">{resent ? t("driver.code_resent") : sent}</p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {codeProblem(wrong)}
        </p>
      )}
      <label>
        {t("driver.code")}
        <input
          name="code"
          inputMode="numeric"
          autocomplete="one-time-code"
          pattern="[0-9]{6}"
          maxLength={6}
          required
          value={digits}
          onInput={({ currentTarget: { value } }) => setDigits(value.replace(/\D/g, ""))}
        />
      </label>
      <button type="submit" class="main" disabled={busy || digits.length < 6}>
        {name}
      </button>
      <button type="button" disabled={busy} onClick={() => run(resend())}>
        {t("driver.code_again")}
      </button>
    </form>
  );
}

/** For a browser that was not the first to open the link: it reads, and may prove its number. */
export function ClaimByCode() {
  const [asked, setAsked] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  return (
    <section class="claim">
      <p>{t("driver.claim")}</p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {codeProblem(wrong)}
        </p>
      )}
      {asked ? (
        <Digits
          sent={t("driver.code_sent")}
          name={t("driver.claim_done")}
          onDigits={async (digits) => {
            await postClaim(code, digits);
            await look();
          }}
          again={() => sendCode(code)}
        />
      ) : (
        <button
          type="button"
          onClick={() => void sendCode(code).then(() => setAsked(true), setWrong)}
        >
          {t("driver.claim_get")}
        </button>
      )}
    </section>
  );
}
