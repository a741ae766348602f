import { useState } from "preact/hooks";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import * as api from "./api";
import { KeyForm, type Wish } from "./KeyForm";
import { MadeSecret } from "./MadeSecret";
import { deskName, scopeName } from "./ScopeBoxes";

const AGAIN_MS = 30_000;

const names = (scopes: readonly api.Scope[]): string => scopes.map(scopeName).join(", ");

/** The machines that may come in, what each may do, and its keys. */
export function Keys({ timezone }: { timezone: string }) {
  const { answer, wrong, again } = useAsked(api.listSources, AGAIN_MS, []);
  const [wish, setWish] = useState<Wish | null>(null);
  const [made, setMade] = useState<api.Made | null>(null);

  function done(one: api.Made | null): void {
    if (one) setMade(one);
    setWish(null);
    again();
  }

  return (
    <>
      <div class="above">
        <button type="button" class="main" onClick={() => setWish({ kind: "source" })}>
          {t("people.new_source")}
        </button>
      </div>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {made && <MadeSecret made={made} kind="key" onClose={() => setMade(null)} />}
      {wish && (
        <KeyForm
          key={JSON.stringify(wish)}
          wish={wish}
          onDone={done}
          onCancel={() => setWish(null)}
        />
      )}
      <table>
        <thead>
          <tr>
            <th>{t("people.source")}</th>
            <th>{t("people.may")}</th>
            <th>{t("people.keys")}</th>
            <th />
          </tr>
        </thead>
        <tbody>
          {answer?.map((source) => (
            <tr key={source.name}>
              <td>
                <b>{source.name}</b>
                {source.enrols && <small>{t("people.enrols")}</small>}
              </td>
              <td>
                {names(source.scopes)}
                {source.agency && (
                  <small>
                    {t("people.speaks_for")}: {deskName(source.agency)}
                  </small>
                )}
              </td>
              <td>
                <KeyList source={source} timezone={timezone} onNarrow={setWish} again={again} />
              </td>
              <td>
                <span class="buttons">
                  <button type="button" onClick={() => setWish({ kind: "rights", source })}>
                    {t("people.change")}
                  </button>
                  <button type="button" onClick={() => setWish({ kind: "key", source })}>
                    {t("people.new_key")}
                  </button>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}

interface ListProps {
  source: api.Source;
  timezone: string;
  onNarrow: (wish: Wish) => void;
  again: () => void;
}

function KeyList({ source, timezone, onNarrow, again }: ListProps) {
  if (source.keys.length === 0 && source.device_keys === 0) return <>{t("people.no_keys")}</>;
  return (
    <ul class="keys">
      {source.keys.map((key) => (
        <li key={key.id}>
          <span>
            {t("people.key_since", { at: siteMoment(key.made_at, timezone) })}
            {key.ends_at && `, ${t("people.key_until", { at: siteMoment(key.ends_at, timezone) })}`}
            {key.narrowed && (
              <small>
                {t("people.key_narrowed")}: {names(key.scopes)}
              </small>
            )}
          </span>
          {key.scopes.length > 1 && (
            <button type="button" onClick={() => onNarrow({ kind: "narrow", key })}>
              {t("people.narrow")}
            </button>
          )}
          <SureButton
            name={t("people.end_key")}
            sure={t("people.end_key_sure")}
            onSure={() => void api.endKey(key.id).then(again, again)}
          />
        </li>
      ))}
      {source.device_keys > 0 && <li>{t("people.device_keys", { n: source.device_keys })}</li>}
    </ul>
  );
}
