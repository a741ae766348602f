import "../style/base.css";
import "../style/themes.css";
import "./planner.css";
import "./results/results.css";
import "./writing/writing.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { Planner } from "./Planner";
import { allWords } from "../words";

const ROLES: readonly Role[] = ["planner", "administrator"];

function Page() {
  return (
    <WithSession title={t("planner.title")} roles={ROLES}>
      {(session, leave) => <Planner session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
