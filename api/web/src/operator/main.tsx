import "../style/base.css";
import "../style/themes.css";
import "./operator.css";
import "./order.css";
import "./acts/acts.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { Console } from "./Console";
import { allWords } from "../words";

const ROLES: readonly Role[] = ["operator", "officer", "planner", "administrator"];

function Page() {
  return (
    <WithSession title={t("operator.title")} roles={ROLES}>
      {(session, leave) => <Console session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
