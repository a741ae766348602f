"""How a gate hands trucks over, switched by hand; each in the caller's transaction."""

from datetime import datetime

from flowctl.errors import FlowctlError, NotFoundError
from flowctl.site import Site
from flowctl.storage import workflows as stored
from flowctl.storage.workflows import Connection


def switch(
    conn: Connection,
    site: Site,
    *,
    gate: str,
    direction: str,
    variant: str,
    begins_at: datetime,
    ends_at: datetime | None,
    reason: str,
    by: str,
    now: datetime,
) -> int:
    """Let a gate hand over by one variant of the version in force then; returns the switch's id.

    Trips that are to be ready within hand over so; those under way finish as they began.

    Raises
    ------
    NotFoundError
        There is no such gate, or it has no such variant in this direction.
    FlowctlError
        The hours cannot be.
    """
    if gate not in site.gate_by_id:
        raise NotFoundError(
            f"There is no gate {gate[:40]!r}.", kind="no_gate", values={"gate": gate[:40]}
        )
    if begins_at < now or (ends_at is not None and ends_at <= begins_at):
        raise FlowctlError(
            "A handover is switched from now on or later, and ends after it begins.",
            kind="handover_hours",
        )
    found = stored.find_workflow(conn, site.id, begins_at)
    here = [] if found is None else [one.id for one in found[1].variants_at(gate, direction)]
    if variant not in here:
        raise NotFoundError(
            f"{gate} has no variant {variant[:40]!r} for {direction}; it has:"
            f" {', '.join(here) or 'none'}.",
            kind="no_variant",
            values={"variant": variant[:40], "gate": gate, "variants": tuple(here)},
        )
    return stored.add_switch(
        conn,
        site.id,
        gate=gate,
        direction=direction,
        variant=variant,
        begins_at=begins_at,
        ends_at=ends_at,
        reason=reason,
        by=by,
        now=now,
    )
