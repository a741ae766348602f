"""What partners pull: declarations, stages and crossings, page by page, none of them skipped."""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.registry.plates import strip_mark
from flowctl.site import Site
from flowctl.storage import feed
from flowctl.storage import partners as stored
from flowctl.storage.feed import FeedKind
from flowctl.storage.partners import Connection, CrossingShown, DeclarationShown, RecordShown

Item = TypeVar("Item")
_LONGEST_CURSOR = 80
_MOST_SEQ = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """Some of what there is, and the cursor that the next page comes after."""

    items: Sequence[Item]
    next: str
    more: bool


def pull_declarations(
    conn: Connection, site: Site, *, after: str | None, limit: int
) -> Page[DeclarationShown]:
    """Return declarations new or changed since a cursor, each as it stands now.

    In a transaction that is committed before the page is given away: it numbers what is new.

    Raises
    ------
    FlowctlError
        The cursor is none of declarations.
    ConflictError
        The cursor was given by another life of this database.
    """
    return _pull(conn, site, FeedKind.DECLARATION, stored.list_declarations, after, limit)


def pull_records(
    conn: Connection, site: Site, *, after: str | None, limit: int
) -> Page[RecordShown]:
    """Return what was said of stages since a cursor; errors as of `pull_declarations`."""
    return _pull(conn, site, FeedKind.STAGE, stored.list_records, after, limit)


def pull_crossings(
    conn: Connection, site: Site, *, after: str | None, limit: int
) -> Page[CrossingShown]:
    """Return crossings, and those that came back, since a cursor; as `pull_declarations`."""
    return _pull(conn, site, FeedKind.CROSSING, stored.list_crossings, after, limit)


def get_named(
    conn: Connection,
    site: Site,
    *,
    trip: int | None = None,
    plate: str | None = None,
    declaration: str | None = None,
) -> int:
    """Return the trip that a partner speaks of: by its number, or the active one of the others.

    Raises
    ------
    FlowctlError
        None of the three is given.
    NotFoundError
        There is no such trip.
    """
    if trip is not None:
        return trip
    if plate is None and declaration is None:
        raise FlowctlError("Name the trip: by trip, plate or declaration.")
    mark = None if plate is None else strip_mark(plate)
    found = stored.find_trip_named(conn, site.id, plate=mark, declaration=declaration)
    if found is None:
        said = " and ".join(one for one in (mark, declaration) if one is not None)
        raise NotFoundError(f"There is no active trip of {said}.")
    return found


def _pull(
    conn: Connection,
    site: Site,
    kind: FeedKind,
    read: Callable[[Connection, str, Sequence[int]], Mapping[int, Item]],
    after: str | None,
    limit: int,
) -> Page[Item]:
    start = 0 if after is None else _seq_of(kind, after)
    numbered = feed.list_numbered(conn, kind, after=start, limit=limit)
    # Who is far behind reads what others numbered, and holds up nobody.
    if len(numbered) < limit:
        if start > feed.number_new(conn, kind):
            raise ConflictError(
                "This cursor was given before the database was set back to a former state: pull"
                " from the beginning, without one."
            )
        numbered = feed.list_numbered(conn, kind, after=start, limit=limit)
    found = read(conn, site.id, [one.id for one in numbered])
    end = numbered[-1].seq if numbered else start
    # What is of another site, or was erased since, is in the feed and not in the page.
    items = [found[one.id] for one in numbered if one.id in found]
    return Page(items, _cursor(kind, end), more=len(numbered) == limit)


def _cursor(kind: FeedKind, seq: int) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{seq}".encode()).decode().rstrip("=")


def _seq_of(kind: FeedKind, cursor: str) -> int:
    try:
        padded = cursor[:_LONGEST_CURSOR] + "=" * (-len(cursor) % 4)
        named, _, digits = base64.urlsafe_b64decode(padded).decode().partition(":")
    except (binascii.Error, ValueError):
        named, digits = "", ""
    if named == kind and digits.isascii() and digits.isdigit() and int(digits) <= _MOST_SEQ:
        return int(digits)
    raise FlowctlError(
        f"{cursor[:_LONGEST_CURSOR]!r} is no cursor of this list; give the next of a page of it, or"
        " none to begin."
    )
