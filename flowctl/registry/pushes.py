"""What partners push: words about stages, and crossings; each item once, by the partner's own key.

Items are done in the order of their trips, so that two partners who speak of the same trucks wait
for each other and do not stick.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flowctl.errors import ConflictError, FlowctlError
from flowctl.registry import stages
from flowctl.registry.partners import get_named
from flowctl.registry.plates import strip_mark
from flowctl.registry.trips import pass_trucks
from flowctl.site import Site
from flowctl.storage.gate_events import GateEvent
from flowctl.storage.partners import find_record_of
from flowctl.storage.sources import Source
from flowctl.storage.stages import Connection
from flowctl.workflow.stages import Act, Desk, Origin

_AHEAD = timedelta(seconds=60)  # clocks differ
_LATE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Word:
    """What a partner says of a stage of a trip, which it names by one of three; ``at`` None: now.

    ``key`` is the partner's own, for this word alone.
    """

    stage: str
    act: Act
    key: str
    trip: int | None = None
    plate: str | None = None
    declaration: str | None = None
    at: datetime | None = None
    reason: str | None = None
    note: str | None = None
    settled: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Crossed:
    """A truck that a partner saw cross at a gate, in a direction."""

    plate: str
    gate: str
    direction: str
    at: datetime


def desk_of(source: Source) -> Desk:
    """Return the desk a source speaks for.

    Raises
    ------
    ConflictError
        It speaks for none.
    """
    if source.agency is None:
        raise ConflictError(
            f"The source {source.name} speaks for no desk, so it decides no stage; an administrator"
            f" says for which: flowctl source set {source.name} --agency customs."
        )
    return source.agency


def push_word(
    conn: Connection, site: Site, source: Source, trip_id: int, word: Word, *, now: datetime
) -> bool:
    """Write down what a partner's desk says of a stage; False where it had said so before.

    Raises
    ------
    ConflictError
        The source speaks for no desk, or the key came with another word before.
    FlowctlError
        It cannot be said; see `flowctl.registry.stages.say`.
    """
    desk = desk_of(source)
    key = f"source:{source.name}:{word.key}"
    is_new = stages.say(
        conn,
        site,
        trip_id,
        word.stage,
        word.act,
        origin=Origin.PARTNER,
        by=f"source:{source.name}",
        desk=desk,
        at=word.at or now,
        now=now,
        reason=word.reason,
        note=word.note,
        settled=word.settled,
        key=key,
    )
    if not is_new and find_record_of(conn, key) != (trip_id, word.stage, word.act):
        raise ConflictError(
            f"The key {word.key} came with another word before, which stands; give each its own.",
        )
    return is_new


def trip_of(conn: Connection, site: Site, word: Word) -> int:
    """Return the trip a partner speaks of; errors as of `get_named`."""
    return get_named(conn, site, trip=word.trip, plate=word.plate, declaration=word.declaration)


def push_crossing(
    conn: Connection, site: Site, source: Source, crossed: Crossed, *, now: datetime
) -> bool:
    """Note that a truck crossed, which ends its trip; False where it was noted already.

    Raises
    ------
    FlowctlError
        There is no such gate, no such direction at it, or the moment cannot be.
    """
    gate = next((one for one in site.gates if one.id == crossed.gate), None)
    if gate is None or crossed.direction not in gate.directions:
        raise FlowctlError(
            f"There is no gate {crossed.gate[:40]!r} for {crossed.direction[:20]!r}; gates:"
            f" {', '.join(one.id for one in site.gates)}.",
        )
    if not now - _LATE <= crossed.at <= now + _AHEAD:
        raise FlowctlError(
            f"{crossed.at.isoformat(timespec='minutes')} cannot be when it crossed: it is yet to"
            f" come, or more than {_LATE.days} days ago.",
        )
    event = GateEvent(crossed.direction, "cleared", strip_mark(crossed.plate), crossed.at)
    by = f"source:{source.name}"
    return pass_trucks(conn, site, crossed.gate, [event], by=by, now=now) > 0
