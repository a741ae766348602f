import { t } from "../language";
import type { Session } from "../types";

interface Props {
  session: Session;
  onLeave: () => void;
}

export function LeaveButton({ session, onLeave }: Props) {
  return (
    <button type="button" class="account" onClick={onLeave} title={t("login.leave")}>
      {session.account}
      <svg viewBox="0 0 16 16" width="15" height="15" role="img" aria-label={t("login.leave")}>
        <path
          d="M6 2.5H3v11h3M10 5l3 3-3 3M13 8H6"
          fill="none"
          stroke="currentColor"
          stroke-width="1.6"
        />
      </svg>
    </button>
  );
}
