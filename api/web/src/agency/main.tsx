import "../style/base.css";
import "../style/themes.css";
import "../operator/acts/acts.css";
import "./agency.css";
import "./trip.css";
import "./work.css";
import "./workflow.css";
import "./narrow.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { allWords } from "../words";
import { Agency } from "./Agency";

const ROLES: readonly Role[] = ["officer", "operator", "administrator", "planner"];

function Page() {
  return (
    <WithSession title={t("agency.title")} roles={ROLES}>
      {(session, leave) => <Agency session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
