import type { Session } from "../types";
import { LeaveButton } from "./LeaveButton";

interface Props {
  session: Session;
  onLeave: () => void;
}

/** Who is signed in, and the way out. */
export function AccountMenu({ session, onLeave }: Props) {
  return <LeaveButton session={session} onLeave={onLeave} />;
}
