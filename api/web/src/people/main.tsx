import "../style/base.css";
import "../style/themes.css";
import "./people.css";
import { t } from "../language";
import { mount } from "../parts/mount";
import { WithSession } from "../parts/WithSession";
import type { Role } from "../types";
import { allWords } from "../words";
import { People } from "./People";

const ROLES: readonly Role[] = ["administrator"];

function Page() {
  return (
    <WithSession title={t("people.title")} roles={ROLES}>
      {(session, leave) => <People session={session} onLeave={leave} />}
    </WithSession>
  );
}

void mount(Page, allWords);
