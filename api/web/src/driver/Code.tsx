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
}

/** Asks for the six digits of an SMS. */
export function Digits({ sent, name, onDigits }: DigitsProps) {
  const [digits, setDigits] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setBusy(true);
        onDigits(digits)
          .catch(setWrong)
          .finally(() => setBusy(false));
      }}
    >
      <p role="status">{sent}</p>
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
