import { useState } from "preact/hooks";
import { t } from "../language";
import { siteMoment } from "../parts/account/moments";
import { problem } from "../parts/problem";
import { saveFile } from "../parts/saveFile";
import { SureButton } from "../parts/SureButton";
import { useAsked } from "../parts/useAsked";
import type { Site } from "../types";
import { Accesses } from "./Accesses";
import {
  type Driver,
  type Erased,
  eraseDriver,
  exportDriver,
  findDrivers,
  listAccounts,
} from "./api";

const ACCOUNTS_MS = 300_000;

/** What is kept of drivers: found, handed out, erased; and who has looked at it. */
export function Personal({ site }: { site: Site }) {
  const accounts = useAsked(listAccounts, ACCOUNTS_MS, []);
  const [text, setText] = useState("");
  const [found, setFound] = useState<readonly Driver[] | null>(null);
  const [erased, setErased] = useState<Erased | null>(null);
  const [wrong, setWrong] = useState<unknown>(null);
  /** Grows with every look of one's own, which is listed below. */
  const [looks, setLooks] = useState(0);

  async function look(work: () => Promise<void>): Promise<void> {
    setWrong(null);
    setErased(null);
    try {
      await work();
    } catch (error) {
      setWrong(error);
    }
    setLooks((n) => n + 1);
  }

  const erase = (one: Driver): Promise<void> =>
    look(async () => {
      setErased(await eraseDriver(one.id));
      setFound((all) => all?.filter((other) => other.id !== one.id) ?? null);
    });

  return (
    <>
      <form
        class="filter"
        onSubmit={(event) => {
          event.preventDefault();
          void look(async () => setFound(await findDrivers(text)));
        }}
      >
        <label class="wide">
          {t("personal.by")}
          <input
            required
            maxLength={20}
            autocomplete="off"
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="submit" class="main">
          {t("personal.find")}
        </button>
      </form>
      <p class="quiet">{t("personal.noted")}</p>
      {wrong !== null && (
        <p class="refusal" role="alert">
          {problem(wrong)}
        </p>
      )}
      {erased && (
        <p role="status">
          {t("personal.erased", {
            id: erased.person,
            trips: erased.trips,
            documents: erased.documents,
            forms: erased.forms,
          })}
        </p>
      )}
      {found?.length === 0 && !erased && <p>{t("personal.nobody")}</p>}
      {found && found.length > 0 && (
        <Drivers
          rows={found}
          timezone={site.timezone}
          onErase={erase}
          onExport={(one) =>
            look(async () => saveFile(`person-${one.id}.json`, await exportDriver(one.id)))
          }
        />
      )}
      <h2>{t("personal.looked")}</h2>
      {accounts.answer && (
        <Accesses site={site} accounts={accounts.answer} looks={looks} />
      )}
    </>
  );
}

interface Props {
  rows: readonly Driver[];
  timezone: string;
  onErase: (one: Driver) => Promise<void>;
  onExport: (one: Driver) => Promise<void>;
}

function Drivers({ rows, timezone, onErase, onExport }: Props) {
  const kept = (is: boolean): string => t(is ? "personal.kept" : "personal.none");
  return (
    <table class="drivers">
      <thead>
        <tr>
          {(["driver", "number", "name", "trips", "last", "trucks"] as const).map((one) => (
            <th key={one}>{t(`personal.${one}`)}</th>
          ))}
          <th />
        </tr>
      </thead>
      <tbody>
        {rows.map((one) => (
          <tr key={one.id}>
            <td>{one.id}</td>
            <td>{kept(one.has_number)}</td>
            <td>{kept(one.named)}</td>
            <td>
              {one.trips}
              {one.active && <small>{t("personal.runs")}</small>}
            </td>
            <td>{one.last_at && siteMoment(one.last_at, timezone)}</td>
            <td>{one.plates.join(", ")}</td>
            <td>
              <span class="buttons">
                <button type="button" onClick={() => void onExport(one)}>
                  {t("personal.export")}
                </button>
                <SureButton
                  name={t("personal.erase")}
                  sure={t("personal.erase_sure")}
                  onSure={() => void onErase(one)}
                />
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
