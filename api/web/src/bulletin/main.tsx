import "../style/base.css";
import "../style/themes.css";
import "./bulletin.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { allWords } from "../words";
import { Bulletins } from "./Bulletins";

const ROLES: readonly Role[] = ["planner", "operator", "officer", "administrator"];

function Page() {
  return (
    <WithSession title={t("bulletin.title")} roles={ROLES}>
      {(session, leave) => <Bulletins session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
