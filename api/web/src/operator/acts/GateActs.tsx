import type { Session, Site, SiteGate } from "../../types";

interface Props {
  gate: SiteGate;
  site: Site;
  session: Session;
  timezone: string;
}

/** What may be done with a gate. */
export function GateActs(_props: Props) {
  return null;
}
