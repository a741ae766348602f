import type { Session, Site } from "../types";
import { Appeals } from "./desk/Appeals";
import { ConflictsDesk } from "./desk/ConflictsDesk";
import { Crossings } from "./desk/Crossings";
import { FeesDesk } from "./fees/FeesDesk";
import type { View } from "./views";
import { lazily } from "../parts/lazily";
import { WorkList } from "./work/WorkList";

/** Loaded by those who change the rules, which is seldom: officers' computers need not have it. */
const WorkflowView = lazily(() => import("./workflow/WorkflowView").then((m) => m.WorkflowView));
/** Loaded by those who read figures: officers' lists come up without it. */
const Reports = lazily(() => import("./reports/Reports").then((m) => m.Reports));

interface Props {
  view: View;
  session: Session;
  site: Site;
}

/** The view that the address names. */
export function ViewOf({ view, session, site }: Props) {
  switch (view) {
    case "work":
      return <WorkList session={session} site={site} />;
    case "fees":
      return <FeesDesk session={session} site={site} />;
    case "conflicts":
      return <ConflictsDesk session={session} site={site} />;
    case "appeals":
      return <Appeals session={session} site={site} />;
    case "crossings":
      return <Crossings site={site} />;
    case "reports":
      return <Reports site={site} />;
    case "workflow":
      return <WorkflowView session={session} site={site} />;
  }
}
