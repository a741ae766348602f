import { listClosures, listHeld } from "../client";
import { useAsked } from "../parts/useAsked";
import type { Session, Site } from "../types";
import { Gate } from "./Gate";
import type { Picture } from "./live";
import { Yards } from "./Yards";

/** Closures come from other desks too, and who is held changes with every plan. */
const ASK_AGAIN_MS = 10_000;
/** How long colleagues are told who opened a gate again. */
const OPENED_SHOWN_MS = 600_000;

interface Props {
  site: Site;
  session: Session;
  picture: Picture | null;
  onPick: (trip: number) => void;
}

/** Every gate and yard with its figures, beside the map. */
export function Boards({ site, session, picture, onPick }: Props) {
  const marks = picture?.marks;
  const opened = (): Date | undefined =>
    picture ? new Date(Date.parse(picture.at) - OPENED_SHOWN_MS) : undefined;
  const closures = useAsked(() => listClosures(opened()), ASK_AGAIN_MS, [], marks?.closures);
  const held = useAsked(listHeld, ASK_AGAIN_MS, [], marks?.closures);
  return (
    <aside class="boards">
      {site.gates.map((gate) => (
        <Gate
          key={gate.id}
          gate={gate}
          site={site}
          session={session}
          picture={picture}
          timezone={site.timezone}
          closures={closures}
          held={held}
          onPick={onPick}
        />
      ))}
      <Yards yards={site.yards} live={picture?.yards ?? []} />
    </aside>
  );
}
