import "../style/base.css";
import "../style/themes.css";
import "./declare.css";
import "./form.css";
import "./trip.css";
import "./narrow.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { allWords } from "../words";
import { Declare } from "./Declare";

const ROLES: readonly Role[] = ["haulier", "operator", "administrator"];

function Page() {
  return (
    <WithSession title={t("declare.title")} roles={ROLES}>
      {(session, leave) => <Declare session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
