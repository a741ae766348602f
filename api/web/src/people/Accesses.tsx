import { useEffect, useState } from "preact/hooks";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import type { Site } from "../types";
import { type AccessPage, type Account, listAccesses } from "./api";
import { actName, personOf, roleName, subjectName } from "./audit_words";

interface Props {
  site: Site;
  accounts: readonly Account[];
  /** Asked anew when it changes. */
  looks: number;
}

/** Who looked at names, licences, documents and exports, or erased any: the newest first. */
export function Accesses({ site, accounts, looks }: Props) {
  const [read, setRead] = useState<AccessPage | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);

  useEffect(() => {
    let current = true;
    listAccesses(null).then(
      (page) => current && (setRead(page), setWrong(null)),
      (error: unknown) => current && setWrong(error),
    );
    return () => {
      current = false;
    };
  }, [looks]);

  async function older(had: AccessPage, before: number): Promise<void> {
    try {
      const page = await listAccesses(before);
      setRead((now) => (now === had ? { ...page, rows: [...had.rows, ...page.rows] } : now));
    } catch (error) {
      setWrong(error);
    }
  }

  if (wrong !== null) {
    return (
      <p class="refusal" role="alert">
        {problem(wrong)}
      </p>
    );
  }
  if (read === null) return <p>{t("common.loading")}</p>;
  if (read.rows.length === 0) return <p>{t("personal.nobody_looked")}</p>;
  const plates = Object.fromEntries(
    read.rows.flatMap(({ trip, plate }) => (trip !== null && plate ? [[String(trip), plate]] : [])),
  );
  const known = { site, accounts, plates };
  return (
    <>
      <table class="accesses">
        <thead>
          <tr>
            <th>{t("people.when")}</th>
            <th>{t("audit.by_whom")}</th>
            <th>{t("people.act")}</th>
            <th>{t("people.subject")}</th>
            <th>{t("personal.truck")}</th>
          </tr>
        </thead>
        <tbody>
          {read.rows.map((one) => (
            <tr key={one.id} data-act={one.act}>
              <td>
                <time dateTime={one.at}>{siteMoment(one.at, site.timezone)}</time>
              </td>
              <td>
                <b>{personOf(one.account, known)}</b>
                <small>{roleName(one.role)}</small>
              </td>
              <td>{actName(one.act)}</td>
              <td>{subjectName(one.subject, known)}</td>
              <td>{one.plate}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {read.before !== null && (
        <button type="button" onClick={() => void older(read, Number(read.before))}>
          {t("people.more")}
        </button>
      )}
    </>
  );
}
