import { useMemo } from "preact/hooks";
import { find, nameOf, t, wordsUnder } from "../language";
import { dayAfter, dayStart, fromLocal, localDay, toLocal } from "../time";
import type { Site } from "../types";
import type { Account, ActsWish } from "./api";

/** Which acts somebody wants to see; times are the site's, as 2024-01-23T10:30. */
export interface Wish {
  account: string;
  act: string;
  about: string;
  since: string;
  until: string;
  machines: boolean;
}
export const ALL: Wish = { account: "", act: "", about: "", since: "", until: "", machines: false };

/** Days back, and how many of them, that a button asks for. */
const SPANS = { today: [0, 1], yesterday: [1, 1], week: [6, 7] } as const;

interface Props {
  wish: Wish;
  onWish: (wish: Wish) => void;
  site: Site;
  accounts: readonly Account[];
  /** The site's present moment, null before it is known. */
  at: Date | null;
}

/** Names of places and people that may be asked for, with the subject each is in the log. */
function subjectsOf(site: Site, accounts: readonly Account[]): Map<string, string> {
  return new Map([
    ...site.gates.map((one) => [nameOf(one.name), `gate:${one.id}`] as const),
    ...site.yards.map((one) => [nameOf(one.name), `yard:${one.id}`] as const),
    ...accounts.map((one) => [one.name, `account:${one.name}`] as const),
  ]);
}

/** What the server is asked for a wish. */
export function asked(wish: Wish, site: Site, accounts: readonly Account[]): ActsWish {
  const about = wish.about.trim();
  const subject = subjectsOf(site, accounts).get(about) ?? (about.includes(":") ? about : "");
  const moment = (text: string): string =>
    text && fromLocal(text, site.timezone).toISOString();
  return {
    account: wish.account,
    act: wish.act,
    subject,
    plate: subject ? "" : about,
    since: moment(wish.since),
    until: moment(wish.until),
    machines: wish.machines,
  };
}

export function AuditFilter({ wish, onWish, site, accounts, at }: Props) {
  const subjects = useMemo(() => [...subjectsOf(site, accounts).keys()], [site, accounts]);
  const set = (part: Partial<Wish>): void => onWish({ ...wish, ...part });

  function span(name: keyof typeof SPANS): Partial<Wish> {
    const [back, days] = SPANS[name];
    const begin = dayAfter(localDay(at ?? new Date(), site.timezone), -back);
    const edge = (day: string): string => toLocal(dayStart(day, site.timezone), site.timezone);
    return { since: edge(begin), until: edge(dayAfter(begin, days)) };
  }

  return (
    <form class="filter" aria-label={t("audit.filters")} onSubmit={(event) => event.preventDefault()}>
      <label>
        {t("audit.by_whom")}
        <select
          name="account"
          value={wish.account}
          onChange={(event) => set({ account: event.currentTarget.value })}
        >
          <option value="">{t("audit.anybody")}</option>
          {accounts.map((one) => (
            <option key={one.name} value={one.name}>
              {one.person ? `${one.person} (${one.name})` : one.name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t("people.act")}
        <select
          name="act"
          value={wish.act}
          onChange={(event) => set({ act: event.currentTarget.value })}
        >
          <option value="">{t("audit.any_act")}</option>
          {wordsUnder("audit_group").map((group) => (
            <optgroup key={group} label={find(`audit_group.${group}`) ?? group}>
              <option value={group}>
                {t("audit.all_of", { group: find(`audit_group.${group}`) ?? group })}
              </option>
              {wordsUnder(`audit_act.${group}`).map((act) => (
                <option key={act} value={`${group}.${act}`}>
                  {find(`audit_act.${group}.${act}`)}
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      </label>
      <label>
        {t("audit.about")}
        <input
          list="audit-about"
          maxLength={80}
          value={wish.about}
          onChange={(event) => set({ about: event.currentTarget.value })}
          onKeyDown={(event) =>
            event.key === "Enter" && set({ about: event.currentTarget.value })
          }
        />
        <datalist id="audit-about">
          {subjects.map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      {(["since", "until"] as const).map((edge) => (
        <label key={edge}>
          {t(`people.${edge}`)}
          <input
            type="datetime-local"
            value={wish[edge]}
            onChange={(event) => set({ [edge]: event.currentTarget.value })}
          />
        </label>
      ))}
      <span class="views spans">
        {(Object.keys(SPANS) as (keyof typeof SPANS)[]).map((name) => {
          const wanted = span(name);
          const chosen = wanted.since === wish.since && wanted.until === wish.until;
          return (
            <button type="button" key={name} aria-pressed={chosen} onClick={() => set(wanted)}>
              {t(`audit.${name}`)}
            </button>
          );
        })}
        <button
          type="button"
          aria-pressed={wish.since === "" && wish.until === ""}
          onClick={() => set({ since: "", until: "" })}
        >
          {t("audit.ever")}
        </button>
      </span>
      <label class="box">
        <input
          type="checkbox"
          checked={wish.machines}
          onChange={(event) => set({ machines: event.currentTarget.checked })}
        />
        {t("audit.machines")}
      </label>
      <button type="button" onClick={() => onWish(ALL)}>
        {t("audit.reset")}
      </button>
    </form>
  );
}
