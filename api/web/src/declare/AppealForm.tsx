import { useRef, useState } from "preact/hooks";
import { t } from "../language";
import { problem } from "../parts/problem";
import { newKey } from "../request";
import { appeal } from "./api";

interface Props {
  /** What it is against, such as "penalty:7". */
  about: string;
  trip: number | null;
  onSent?: () => void;
}

/** An appeal in one's own words; an operator decides, and both stay on record. */
export function AppealForm({ about, trip, onSent }: Props) {
  const [words, setWords] = useState<string | null>(null);
  const [sent, setSent] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const key = useRef(newKey());

  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    try {
      await appeal(about, (words ?? "").trim(), trip, key.current);
      setSent(true);
      setWords(null);
      setWrong(null);
      onSent?.();
    } catch (error) {
      key.current = newKey();
      setWrong(error);
    }
  }

  if (sent && words === null) {
    return (
      <p class="quiet" role="status">
        {t("declare.appeal_sent")}
      </p>
    );
  }
  if (words === null) {
    return (
      <button type="button" onClick={() => setWords("")}>
        {t("declare.appeal")}
      </button>
    );
  }
  return (
    <form class="answer" onSubmit={(event) => void send(event)}>
      <label>
        {t("declare.appeal_words")}
        <textarea
          required
          minLength={10}
          maxLength={1000}
          rows={3}
          autofocus
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
      </label>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <span class="buttons">
        <button class="main" disabled={words.trim() === ""}>
          {t("declare.appeal_send")}
        </button>
        <button type="button" onClick={() => setWords(null)}>
          {t("declare.leave")}
        </button>
      </span>
    </form>
  );
}
