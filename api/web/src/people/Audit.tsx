import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { wallMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { type Act, listActs } from "./api";

const FIELDS = ["account", "act", "subject"] as const;

/** Who did what, the newest first, with ways to ask for less and to take it along. */
export function Audit() {
  const [asked, setAsked] = useState(new URLSearchParams());
  const [acts, setActs] = useState<Act[] | null>(null);
  const [before, setBefore] = useState<number | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    let current = true;
    setActs(null);
    listActs(asked).then(
      (page) => {
        if (!current) return;
        setActs(page.records);
        setBefore(page.before);
        setWrong(null);
      },
      (error: unknown) => current && setWrong(error),
    );
    return () => {
      current = false;
    };
  }, [asked]);

  function filter(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    const next = new URLSearchParams();
    for (const field of FIELDS) {
      const text = String(form.get(field) ?? "").trim();
      if (text) next.set(field, text);
    }
    for (const field of ["since", "until"]) {
      const text = String(form.get(field) ?? "");
      if (text) next.set(field, new Date(text).toISOString());
    }
    setAsked(next);
  }

  async function more(): Promise<void> {
    const next = new URLSearchParams(asked);
    next.set("before", String(before));
    try {
      const page = await listActs(next);
      setActs([...(acts ?? []), ...page.records]);
      setBefore(page.before);
    } catch (error) {
      setWrong(error);
    }
  }

  return (
    <>
      <form class="filter" onSubmit={filter}>
        {FIELDS.map((field) => (
          <label key={field}>
            {t(`people.${field}`)}
            <input name={field} maxLength={80} />
          </label>
        ))}
        <label>
          {t("people.since")}
          <input name="since" type="datetime-local" />
        </label>
        <label>
          {t("people.until")}
          <input name="until" type="datetime-local" />
        </label>
        <button class="main">{t("people.filter")}</button>
        <a class="csv" href={`/v1/audit.csv?${asked}`} download="audit.csv">
          {t("people.csv")}
        </a>
      </form>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      <table class="audit">
        <thead>
          <tr>
            <th>{t("people.when")}</th>
            <th>{t("people.account")}</th>
            <th>{t("people.where")}</th>
            <th>{t("people.act")}</th>
            <th>{t("people.subject")}</th>
            <th>{t("people.changes")}</th>
          </tr>
        </thead>
        <tbody>
          {acts?.map((one) => (
            <tr key={one.id}>
              <td>
                <time>{wallMoment(one.at)}</time>
              </td>
              <td>
                <b>{one.account}</b>
                <small>{one.role}</small>
              </td>
              <td>{one.address ?? t("people.shell")}</td>
              <td>
                <code>{one.act}</code>
              </td>
              <td>
                <code>{one.subject}</code>
              </td>
              <td class="changes">
                <Changes one={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {acts?.length === 0 && <p>{t("people.nothing")}</p>}
      {before !== null && (
        <button type="button" onClick={() => void more()}>
          {t("people.more")}
        </button>
      )}
    </>
  );
}

const said = (value: unknown): string =>
  value === null || value === undefined
    ? t("common.none")
    : typeof value === "string"
      ? value
      : JSON.stringify(value);

/** What differs between before and after, field by field. */
function Changes({ one }: { one: Act }) {
  const names = [...new Set([...Object.keys(one.before ?? {}), ...Object.keys(one.after ?? {})])];
  const differing = names.filter((name) => said(one.before?.[name]) !== said(one.after?.[name]));
  return (
    <ul>
      {differing.map((name) => (
        <li key={name}>
          {name}:{" "}
          {one.before && name in one.before && <del>{said(one.before[name])}</del>}
          {one.before && name in one.before && one.after && " → "}
          {one.after && said(one.after[name])}
        </li>
      ))}
    </ul>
  );
}
