"""A driver's link: what its code proves, and until when it opens anything."""

from datetime import datetime, timedelta

from fastapi import Request

from api.errors import Problem
from api.transaction import transaction
from flowctl.registry.keys import Link, find_trip_of_code
from flowctl.site import Site
from flowctl.storage.live import Connection, LiveRow, find_live
from flowctl.storage.trips import find_link_end

REPLACED = "replaced"
"""The kind of problem a link is whose trip goes by another number now (RFC 9457)."""

_SHOWN_AFTER_END = timedelta(hours=24)
_MOST_PER_S = 5.0
"""So often a second each process answers for one trip: pages of it open on several phones."""


def link_of(request: Request, code: str) -> Link:
    """Return what a code proves, or answer 404 where that is nothing."""
    link = find_trip_of_code(request.app.state.keys, code)
    if link is None:
        raise Problem(404, "Not found", "This link belongs to no trip; open the one in your SMS.")
    request.app.state.strangers.count_request("link", str(link.trip_id), _MOST_PER_S)
    return link


def trip_of(request: Request, code: str) -> int:
    """Return the trip that a code opens now; asks the database.

    Answers 404 where it proves nothing, 410 where another number took the trip over, or a day
    after the trip's end.
    """
    link, state = link_of(request, code), request.app.state
    with transaction(request) as conn:
        found = find_link_end(conn, link.trip_id, site=state.site.id)
    if found is None:
        raise _unknown()
    _refuse_old(link, *found, state.clock.now())
    return link.trip_id


def open_link(conn: Connection, site: Site, link: Link, now: datetime) -> LiveRow:
    """Return the trip that a link opens now, or answer as `trip_of` does."""
    row = find_live(conn, link.trip_id, site=site.id)
    if row is None:
        raise _unknown()
    _refuse_old(link, row.link_epoch, row.ended_at, now)
    return row


def _unknown() -> Problem:
    return Problem(404, "Not found", "There is no such trip any more.")


def _refuse_old(link: Link, epoch: int, ended_at: datetime | None, now: datetime) -> None:
    if link.epoch != epoch:
        raise Problem(
            410,
            "Gone",
            "This link was replaced: the trip goes by another phone number now. Open the link in"
            " the newest message to that number.",
            kind=REPLACED,
        )
    if ended_at is not None and now - ended_at > _SHOWN_AFTER_END:
        raise Problem(410, "Gone", "This trip is over.")
