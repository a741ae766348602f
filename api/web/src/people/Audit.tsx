import { useEffect, useState } from "preact/hooks";
import { learnWorkflow } from "../agency/names";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { useAsked } from "../parts/useAsked";
import { wholeNumber } from "../time";
import type { Site } from "../types";
import { type Account, type Act, actsFile, type ActsPage, listAccounts, listActs } from "./api";
import { ALL, asked, AuditFilter, type Wish } from "./AuditFilter";
import { AuditChanges } from "./AuditChanges";
import { actName, type Known, roleName, subjectName, whoName } from "./audit_words";

const LOOK_MS = 15_000;
const ACCOUNTS_MS = 300_000;
const WORKFLOW_MS = 300_000;
/** The server counts what it leaves out so far. */
const MOST_COUNTED = 1000;

/** Who did what, the newest first, with ways to ask for less and to take it along. */
export function Audit({ site }: { site: Site }) {
  const accounts = useAsked(listAccounts, ACCOUNTS_MS, []);
  // What stages are called; until it is known, and where no file says it, acts show their codes.
  useAsked(learnWorkflow, WORKFLOW_MS, []);
  if (accounts.answer) return <Acts site={site} accounts={accounts.answer} />;
  return <p>{accounts.wrong === null ? t("common.loading") : problem(accounts.wrong)}</p>;
}

function Acts({ site, accounts }: { site: Site; accounts: readonly Account[] }) {
  const [wish, setWish] = useState<Wish>(ALL);
  /** What has been read: pages put together, the newest act first. */
  const [read, setRead] = useState<ActsPage | null>(null);
  const [at, setAt] = useState<Date | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  const [times, setTimes] = useState(0);
  const query = asked(wish, site, accounts);
  const file = actsFile(query);
  // What is read stays where it is: whether there is more is asked for, and shown when wanted.
  const newest = useAsked(() => listActs({ ...query, limit: 1 }), LOOK_MS, [file]).answer;
  const isNewer = read !== null && (newest?.records[0]?.id ?? 0) > (read.records[0]?.id ?? 0);

  useEffect(() => {
    let current = true;
    setRead(null);
    listActs(query).then(
      (page) => current && (setRead(page), setAt(new Date(page.at)), setWrong(null)),
      (error: unknown) => current && setWrong(error),
    );
    return () => {
      current = false;
    };
  }, [file, times]);

  async function older(had: ActsPage, before: number): Promise<void> {
    try {
      const page = await listActs({ ...query, before });
      const longer = {
        ...had,
        before: page.before,
        records: [...had.records, ...page.records],
        plates: { ...had.plates, ...page.plates },
      };
      setRead((now) => (now === had ? longer : now));
      setWrong(null);
    } catch (error) {
      setWrong(error);
    }
  }

  return (
    <>
      <AuditFilter wish={wish} onWish={setWish} site={site} accounts={accounts} at={at} />
      <p class="quiet about">
        <span>{t("audit.times", { zone: zoneName(site.timezone) })}</span>
        {read !== null && read.left_out !== null && read.left_out > 0 && (
          <span>{leftOut(read.left_out)}</span>
        )}
        <a href={file} download="audit.csv">
          {t("audit.csv")}
        </a>
      </p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {isNewer && (
        <button type="button" class="newer" onClick={() => setTimes(times + 1)}>
          {t("audit.newer")}
        </button>
      )}
      {read && <ActTable acts={read.records} known={{ site, accounts, plates: read.plates }} />}
      {read?.records.length === 0 && <p>{t("people.nothing")}</p>}
      {read !== null && read.before !== null && (
        <button type="button" onClick={() => void older(read, Number(read.before))}>
          {t("people.more")}
        </button>
      )}
    </>
  );
}

function leftOut(n: number): string {
  return t(n < MOST_COUNTED ? "audit.left_out" : "audit.left_out_more", { n: wholeNumber(n) });
}

/** A time zone as clocks are compared: "GMT+7". */
function zoneName(timezone: string): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: timezone,
    timeZoneName: "shortOffset",
  }).formatToParts();
  return parts.find((one) => one.type === "timeZoneName")?.value ?? timezone;
}

function ActTable({ acts, known }: { acts: readonly Act[]; known: Known }) {
  return (
    <table class="audit">
      <thead>
        <tr>
          <th>{t("people.when")}</th>
          <th>{t("audit.by_whom")}</th>
          <th>{t("people.act")}</th>
          <th>{t("people.subject")}</th>
          <th>{t("people.changes")}</th>
        </tr>
      </thead>
      <tbody>
        {acts.map((one) => (
          <tr key={one.id} data-act={one.act}>
            <td>
              <time dateTime={one.at}>{siteMoment(one.at, known.site.timezone)}</time>
            </td>
            <td>
              <b>{whoName(one, known)}</b>
              <small>
                {roleName(one.role)}, {one.address ?? t("people.shell")}
              </small>
            </td>
            <td>{actName(one.act)}</td>
            <td>{subjectName(one.subject, known)}</td>
            <td class="changes">
              <AuditChanges one={one} known={known} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
