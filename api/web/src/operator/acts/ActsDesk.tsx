import type { Session, Site } from "../../types";

interface Props {
  site: Site;
  session: Session;
  onShow: (trip: number) => void;
  onClose: () => void;
}

/** What waits for a second person, what stands, and what was done lately. */
export function ActsDesk(_props: Props) {
  return null;
}
