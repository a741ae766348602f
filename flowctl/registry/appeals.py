"""Appeals of hauliers against a penalty, a ban or the quota: made, and decided by a person.

A granted appeal gives back what was lost as an operator's lifting does: the penalty is lifted, and
the bans that rest on it end. The quota is the policy's: an appeal about it is answered, and what
comes of it is a new version of the policy.
"""

from dataclasses import dataclass
from datetime import datetime

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.plates import strip_mark
from flowctl.site import Site
from flowctl.storage import appeals as stored
from flowctl.storage.appeals import Appeal, Connection
from flowctl.storage.live import find_live
from flowctl.storage.penalties import PenaltyRecord, find_ban, find_penalty, lift_penalty

QUOTA = "quota"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided appeal, and the penalties that were lifted by it."""

    appeal: Appeal
    lifted: list[PenaltyRecord]


def make_appeal(
    conn: Connection,
    site: Site,
    about: str,
    words: str,
    *,
    haulier: str,
    registered_by: str | None,
    trip_id: int | None,
    now: datetime,
) -> Appeal:
    """Enter a haulier's appeal.

    Parameters
    ----------
    about
        ``penalty:12``, ``ban:PLATE`` or ``quota``.
    registered_by
        Whose trips it may be about; None: anybody's, at a desk.

    Raises
    ------
    NotFoundError
        There is no such penalty of the haulier's, or the plate is not barred.
    ConflictError
        The penalty was lifted already, or an appeal about the same is open.
    FlowctlError
        It says nothing, too much, or is about what cannot be appealed.
    """
    said = words.strip()
    if not 0 < len(said) <= _LONGEST:
        raise FlowctlError(
            f"An appeal says why, in {_LONGEST} characters at most.",
            kind="appeal_words",
            values={"most": _LONGEST},
        )
    named, penalty = _subject(conn, site, about, registered_by=registered_by, now=now)
    trip = trip_id if penalty is None else penalty.trip_id
    if trip is not None:
        _refuse_others(conn, site, trip, registered_by)
    made = stored.insert_appeal(
        conn, site.id, haulier=haulier, about=named, trip_id=trip, words=said, now=now
    )
    if made is None:
        raise ConflictError(
            "An appeal about this is open already; wait for its answer.", kind="appeal_open"
        )
    return get_appeal(conn, site, made)


def decide(
    conn: Connection,
    site: Site,
    appeal_id: int,
    *,
    granted: bool,
    answer: str,
    by: str,
    now: datetime,
) -> Decided:
    """Decide an appeal; a granted one lifts what it is about, where that still stands.

    Raises
    ------
    NotFoundError
        There is no such appeal.
    ConflictError
        It was decided already.
    FlowctlError
        The answer says nothing, or too much.
    """
    said = answer.strip()
    if not 0 < len(said) <= _LONGEST:
        raise FlowctlError(
            f"Say why, in {_LONGEST} characters at most: the haulier reads it.",
            kind="appeal_answer",
            values={"most": _LONGEST},
        )
    appeal = get_appeal(conn, site, appeal_id, locked=True)
    if appeal.state != "open":
        raise ConflictError(
            f"The appeal was {appeal.state} by {appeal.decided_by} already.",
            kind="appeal_decided",
            values={"by": appeal.decided_by, "at": appeal.decided_at},
        )
    lifted = _lift(conn, site, appeal.about, by=by, now=now) if granted else []
    stored.decide_appeal(conn, appeal_id, granted=granted, answer=said, by=by, now=now)
    return Decided(get_appeal(conn, site, appeal_id), lifted)


def get_appeal(conn: Connection, site: Site, appeal_id: int, *, locked: bool = False) -> Appeal:
    """Return an appeal.

    Raises
    ------
    NotFoundError
        There is none of this number.
    """
    found = stored.find_appeal(conn, site.id, appeal_id, locked=locked)
    if found is None:
        raise NotFoundError(f"There is no appeal {appeal_id}.", kind="no_appeal")
    return found


def _subject(
    conn: Connection, site: Site, about: str, *, registered_by: str | None, now: datetime
) -> tuple[str, PenaltyRecord | None]:
    """Return what an appeal is about in one spelling, and the penalty that it is against."""
    what, _, which = about.partition(":")
    if about == QUOTA:
        return QUOTA, None
    if what == "penalty" and which.isdecimal():
        found = find_penalty(conn, site.id, int(which[:18]))
    elif what == "ban" and which:
        found = find_ban(conn, site.id, strip_mark(which), now)
    else:
        raise FlowctlError(
            f"{about[:40]!r} cannot be appealed; an appeal is about penalty:NUMBER, ban:PLATE or"
            " quota.",
            kind="appeal_about",
        )
    if found is None or not _is_of(conn, site, found.trip_id, registered_by):
        raise NotFoundError("There is no such penalty of yours.", kind="no_penalty")
    if found.lifted_at is not None:
        raise ConflictError(
            f"Penalty {found.id} was lifted already, by {found.lifted_by}.",
            kind="penalty_lifted",
            values={"by": found.lifted_by},
        )
    named = f"penalty:{found.id}" if what == "penalty" else f"ban:{found.plate}"
    return named, found


def _lift(
    conn: Connection, site: Site, about: str, *, by: str, now: datetime
) -> list[PenaltyRecord]:
    """Lift what an appeal is about; nothing where an operator was faster."""
    what, _, which = about.partition(":")
    if what == "penalty":
        found = find_penalty(conn, site.id, int(which))
        standing = [] if found is None or found.lifted_at is not None else [found]
        return [_lifted(conn, site, one, by=by, now=now) for one in standing]
    lifted = []
    while what == "ban" and (ban := find_ban(conn, site.id, which, now)) is not None:
        lifted.append(_lifted(conn, site, ban, by=by, now=now))
    return lifted


def _lifted(
    conn: Connection, site: Site, penalty: PenaltyRecord, *, by: str, now: datetime
) -> PenaltyRecord:
    return lift_penalty(conn, site, penalty.trip_id, penalty.id, actor=by, now=now)


def _is_of(conn: Connection, site: Site, trip_id: int, registered_by: str | None) -> bool:
    if registered_by is None:
        return True
    trip = find_live(conn, trip_id, site=site.id)
    return trip is not None and trip.registered_by == registered_by


def _refuse_others(conn: Connection, site: Site, trip_id: int, registered_by: str | None) -> None:
    if not _is_of(conn, site, trip_id, registered_by):
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
