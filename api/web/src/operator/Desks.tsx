import type { MessageSummary } from "./messages";
import type { Asked } from "../parts/useAsked";
import type { Session, Site } from "../types";
import { ActsDesk } from "./acts/ActsDesk";
import { Alerts } from "./Alerts";
import type { Picture } from "./live";
import { Messages } from "./Messages";
import type { Desk } from "./views";

interface Props {
  desk: Desk;
  site: Site;
  session: Session;
  picture: Picture | null;
  messages: Asked<MessageSummary | null>;
  onShow: (trip: number) => void;
  onClose: () => void;
}

/** The one desk that is open over the map. */
export function Desks({ desk, site, session, picture, messages, onShow, onClose }: Props) {
  switch (desk) {
    case "alerts":
      return (
        <Alerts
          site={site}
          session={session}
          picture={picture}
          onShow={onShow}
          onClose={onClose}
        />
      );
    case "acts":
      return <ActsDesk site={site} session={session} onShow={onShow} onClose={onClose} />;
    case "messages":
      return (
        <Messages
          timezone={site.timezone}
          summary={messages}
          mayRetry={session.permissions.includes("messages")}
          onShow={onShow}
          onClose={onClose}
        />
      );
  }
}
