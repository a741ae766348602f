import { useState } from "preact/hooks";
import { t } from "../language";
import { Help } from "../parts/Help";
import { LanguageSwitch } from "../parts/LanguageSwitch";
import { ApiError } from "../request";
import { askLogin, logIn, type OwnTrip } from "./api";
import { codeProblem, Digits } from "./Code";
import { listKeptTrips } from "./view";

const addressOf = (code: string): string => `/d/${encodeURIComponent(code)}`;

function Trips({ trips }: { trips: OwnTrip[] }) {
  return trips.map(({ code, plate }) => (
    <a key={code} class="button trip" href={addressOf(code)}>
      {plate}
    </a>
  ));
}

function wrongNumber(error: unknown): string {
  const refused = error instanceof ApiError && error.status === 422;
  return refused ? t("driver.phone_wrong") : codeProblem(error);
}

/** Opens a trip by the number it was registered with, for who has no link at hand. */
export function Login() {
  const [phone, setPhone] = useState("");
  const [asked, setAsked] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const [found, setFound] = useState<OwnTrip[] | null>(null);
  const own = listKeptTrips().map(([code, { view }]) => ({ code, plate: view.plate }));

  async function open(digits: string): Promise<void> {
    const trips = await logIn(phone, digits);
    const [only, second] = trips;
    if (only && !second) location.assign(addressOf(only.code));
    setFound(trips);
  }

  return (
    <main class="driver number-login">
      <header>
        <h1>{t("driver.login_title")}</h1>
        <Help screen="driver" />
        <LanguageSwitch />
      </header>
      {own.length > 0 && (
        <section>
          <h2>{t("driver.own_trips")}</h2>
          <Trips trips={own} />
        </section>
      )}
      {found && (found.length > 0 ? <Trips trips={found} /> : <p>{t("driver.login_none")}</p>)}
      {!found && asked && (
        <>
          <Digits
            sent={t("driver.login_sent")}
            name={t("driver.go_on")}
            onDigits={open}
            again={() => askLogin(phone)}
          />
          <button type="button" onClick={() => setAsked(false)}>
            {t("driver.other_number")}
          </button>
        </>
      )}
      {!found && !asked && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            setWrong(null);
            askLogin(phone).then(() => setAsked(true), setWrong);
          }}
        >
          {wrong !== null && (
            <p class="refusal" role="alert">
              {wrongNumber(wrong)}
            </p>
          )}
          <label>
            {t("driver.phone")}
            <small>{t("driver.phone_hint")}</small>
            <input
              name="phone"
              type="tel"
              autocomplete="tel"
              required
              value={phone}
              onInput={({ currentTarget }) => setPhone(currentTarget.value)}
            />
          </label>
          <button type="submit" class="main" disabled={phone.trim() === ""}>
            {t("driver.go_on")}
          </button>
        </form>
      )}
    </main>
  );
}
