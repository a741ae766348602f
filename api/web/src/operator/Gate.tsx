import type { Closure, Held } from "../order";
import { problem } from "../parts/problem";
import type { Asked } from "../parts/useAsked";
import { instant } from "../time";
import type { Session, Site, SiteGate } from "../types";
import { GateActs } from "./acts/GateActs";
import { Closures } from "./Closures";
import { GateCard } from "./GateCard";
import { HeldTrucks } from "./HeldTrucks";
import type { Picture } from "./live";

interface Props {
  gate: SiteGate;
  site: Site;
  session: Session;
  picture: Picture | null;
  timezone: string;
  closures: Asked<Closure[]>;
  held: Asked<Held[]>;
  onPick: (trip: number) => void;
}

/** A gate: its figures, what closes it, whom that holds, and the way to close it. */
export function Gate(props: Props) {
  const { gate, site, session, picture, timezone, closures, held, onPick } = props;
  const now = picture && instant(picture.at);
  const live = picture?.gates.find((one) => one.id === gate.id);
  const may = session.role !== "planner";
  const wrong = closures.wrong ?? held.wrong;
  const changed = (): void => {
    closures.again();
    held.again();
  };
  return (
    <GateCard
      gate={gate}
      live={live}
      now={now}
      timezone={timezone}
    >
      {wrong !== null && <p class="refusal">{problem(wrong)}</p>}
      {now && (
        <Closures
          closures={(closures.answer ?? []).filter((one) => one.gate === gate.id)}
          now={now}
          timezone={timezone}
          may={may}
          onChanged={changed}
        />
      )}
      <HeldTrucks
        held={(held.answer ?? []).filter((one) => one.gate === gate.id)}
        timezone={timezone}
        onPick={onPick}
      />
      <GateActs
        gate={gate}
        site={site}
        session={session}
        timezone={timezone}
        perHour={live?.capacity_per_h ?? null}
        onClosed={changed}
      />
    </GateCard>
  );
}
