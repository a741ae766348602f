import type { Session, Site, Trip } from "../../types";

interface Props {
  trip: Trip;
  site: Site;
  session: Session;
  onDone: () => void;
}

/** What may be done with one truck. */
export function TruckActs(_props: Props) {
  return null;
}
