"""What an act would change: the same tick on a copy, without the act and with it. Pure.

Nothing of it is written. The next tick with the act does what the second one decided, as long as
nothing else happens in between. What drivers feel of it is compared in `flowctl.effect`.
"""

from dataclasses import replace

from flowctl.closures import Closure, ExtraHours, check_closure, with_closures
from flowctl.controller import Decision, tick
from flowctl.dispatch.hand_checks import doubt, refusal
from flowctl.effect import compared
from flowctl.errors import FlowctlError, Refusal
from flowctl.hand import Act, ActKind, Effect, Place
from flowctl.planned import Plans
from flowctl.site import Site
from flowctl.state import Snapshot

_NO_PLAN = Refusal("No plan that holds was found with it; look at the gates first.", kind="no_plan")


def preview(site: Site, snapshot: Snapshot, act: Act) -> Effect:
    """Return what an act would change.

    Parameters
    ----------
    site
        As loaded, without its closures.
    snapshot
        What the controller would decide from now.
    act
        As it would be entered.
    """
    now = snapshot.now
    try:
        changed = with_act(site, snapshot, act)
    except FlowctlError as error:
        return Effect(now, refused=error.refusal)
    refused = refusal(snapshot, act)
    if refused is not None:
        return Effect(now, refused=refused)
    without = tick(snapshot, plan_due=True)
    having = tick(changed, plan_due=True)
    plans = Plans.of(snapshot, without, having)
    if plans is None:
        return Effect(now, refused=_NO_PLAN)
    if act.kind is ActKind.PIN and plans.having.get(act.trip_id or 0) != _pinned(act):
        return Effect(now, refused=_full(changed, act))
    effect = compared(snapshot, changed, plans, act)
    return replace(effect, warning=_warning(act, without))


def with_act(site: Site, snapshot: Snapshot, act: Act) -> Snapshot:
    """Return the snapshot in which an act stands.

    Raises
    ------
    FlowctlError
        It is a closure that cannot be.
    """
    closures, acts, now = snapshot.closures, (*snapshot.acts, act), snapshot.now
    if act.kind is ActKind.CLOSE_GATE and act.gate is not None:
        closure = Closure(
            0, act.gate, act.starts_at or now, act.ends_at, act.places_left, "", "", now
        )
        check_closure(site, closure, closures, now)
        closures, acts = (*closures, closure), snapshot.acts
    extra = [
        ExtraHours(gate.id, *span) for gate in snapshot.site.gates for span in gate.opening.extra
    ]
    if act.kind is ActKind.OPEN_GATE and act.gate and act.ends_at is not None:
        extra.append(ExtraHours(act.gate, act.starts_at or now, act.ends_at))
    elif act.kind is not ActKind.CLOSE_GATE:
        return replace(snapshot, acts=acts)
    left = with_closures(site, closures, now, extra)
    return replace(snapshot, site=left, closures=closures, acts=acts)


def _pinned(act: Act) -> Place | None:
    return None if act.gate is None or act.starts_at is None else Place(act.gate, act.starts_at)


def _warning(act: Act, decision: Decision) -> Refusal | None:
    if act.kind is not ActKind.CAPACITY:
        return None
    seen = next((gate for gate in decision.gates if gate.gate == act.gate), None)
    return None if seen is None else doubt(act, seen.capacity_per_h, seen.capacity_high)


def _full(snapshot: Snapshot, act: Act) -> Refusal:
    at = (act.starts_at or snapshot.now).astimezone(snapshot.site.timezone)
    return Refusal(
        f"The slot {at:%H:%M} at {act.gate} has no place left for this truck: what the gate takes"
        " then is given to trucks on their way and to other pins; choose another slot.",
        kind="slot_full",
        values={"at": act.starts_at, "gate": act.gate},
    )
