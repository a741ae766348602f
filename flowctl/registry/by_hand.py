"""What operators say of trucks by hand: who stands at a yard unregistered, who came in, who left.

A truck without GPS, or with a silent tracker, holds its true place by these words. Seniority counts
from the moment that is said, at the earliest the policy's ``hand.backdate_s`` before somebody says
it, and from earlier only once a second person bears it out. The hand's word does not overrule a
tracker that is heard; what one shows later is judged by `flowctl.visits.by_hand`.
"""

from datetime import datetime, timedelta

from flowctl.errors import ConflictError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.by_hand_checks import (
    HandReason,
    Said,
    check_moment,
    check_yard,
    entered_yard,
    left_yard,
    local,
    refuse_against_tracker,
)
from flowctl.registry.keys import Keys
from flowctl.registry.rules import Declaration
from flowctl.registry.trips import get_active, record, register
from flowctl.site import Site
from flowctl.storage import hand_words as stored
from flowctl.storage.audit import By, add_record
from flowctl.storage.hand_words import Connection, HandWord
from flowctl.storage.live import LiveRow, find_live


def register_walk_in(
    conn: Connection,
    site: Site,
    keys: Keys,
    declaration: Declaration,
    yard: str,
    *,
    by: By,
    now: datetime,
) -> int:
    """Register a truck that stands in a yard, and put it there; returns its trip.

    Raises
    ------
    FlowctlError, ConflictError
        See `flowctl.registry.trips.register` and `say`.
    """
    check_yard(site, yard)
    trip_id = register(conn, site, keys, declaration, by=by.name, now=now)
    # A truck with a device of its own may stand in the yard by that already.
    row = _live(conn, site, trip_id)
    if row.yard != yard:
        say(conn, site, trip_id, Said("entered", yard, now, HandReason.WALK_IN), by=by, now=now)
    add_record(
        conn,
        site.id,
        by,
        act="trip.walk_in",
        subject=f"trip:{trip_id}",
        before=None,
        after={"yard": yard, "gates": list(declaration.gates), "cargo": str(declaration.cargo)},
        at=now,
    )
    return trip_id


def say(
    conn: Connection, site: Site, trip_id: int, said: Said, *, by: By, now: datetime
) -> HandWord:
    """Enter that a truck came into a yard or left it.

    Raises
    ------
    NotFoundError
        There is no such trip or yard.
    FlowctlError
        The moment cannot be.
    ConflictError
        The trip is over, the truck is there already or is not there, or its tracker, heard just
        now, shows otherwise.
    """
    get_active(conn, site, trip_id)
    row = _live(conn, site, trip_id)
    yard = entered_yard(conn, site, row, said) if said.what == "entered" else left_yard(row, said)
    check_moment(conn, site, row, said, now)
    refuse_against_tracker(site, row, said.what, yard, now)
    back = timedelta(seconds=site.policy.hand.backdate_s)
    counts_at = max(said.at, now - back) if said.what == "entered" else said.at
    word = stored.insert_word(
        conn,
        site=site.id,
        trip_id=trip_id,
        what=said.what,
        yard=yard,
        at=said.at,
        counts_at=counts_at,
        reason=said.reason,
        by=by.name,
        now=now,
    )
    made = get_word(conn, site, word)
    _write_down(conn, site, made, f"hand.{said.what}", by, now)
    kind = Kind.HAND_ENTERED if said.what == "entered" else Kind.HAND_LEFT
    record(conn, site, _entry(kind, made, by, now), now)
    return made


def undo(conn: Connection, site: Site, word_id: int, *, by: By, now: datetime) -> HandWord:
    """Mark a word as a slip, within minutes of it; both stay in the records.

    Raises
    ------
    NotFoundError
        There is no such word.
    ConflictError
        It was undone or proved wrong already, is too old, or the truck was called up since.
    """
    word = _get_standing(conn, site, word_id)
    within_s = site.policy.hand.undo_s
    if (now - word.said_at).total_seconds() > within_s:
        raise ConflictError(
            f"The word of {local(site, word.said_at)} is older than {within_s / 60:g} minutes and"
            " stands; say what is true now instead.",
            kind="word_stands",
            values={"at": word.said_at, "minutes": within_s / 60},
        )
    row = _live(conn, site, word.trip_id)
    if row.released_at is not None and row.released_at >= word.said_at:
        raise ConflictError(
            f"The truck {word.plate} was called up at {local(site, row.released_at)} since then;"
            " say that it left, or cancel its trip.",
            kind="called_since",
            values={"plate": word.plate, "at": row.released_at},
        )
    stored.undo_word(conn, word_id, by=by.name, now=now)
    undone = get_word(conn, site, word_id)
    _write_down(conn, site, undone, "hand.undo", by, now)
    record(conn, site, _entry(Kind.HAND_UNDONE, undone, by, now), now)
    return undone


def second(conn: Connection, site: Site, word_id: int, *, by: By, now: datetime) -> HandWord:
    """Bear out a word of somebody else's that dates far back, so that it counts from its moment.

    Raises
    ------
    NotFoundError
        There is no such word.
    ConflictError
        It is one's own, counts from its moment already, or does not stand.
    """
    word = _get_standing(conn, site, word_id)
    if word.counts_at <= word.at:
        who = f", borne out by {word.seconded_by}" if word.seconded_by else ""
        raise ConflictError(
            f"The word counts from its own moment, {local(site, word.at)}, already{who}.",
            kind="word_counts",
            values={"at": word.at},
        )
    if word.said_by == by.name:
        raise ConflictError(
            "A second person has to bear it out; it is your own word.", kind="own_word"
        )
    stored.second_word(conn, word_id, by=by.name, now=now)
    made = get_word(conn, site, word_id)
    _write_down(conn, site, made, "hand.second", by, now)
    record(conn, site, _entry(Kind.HAND_SECONDED, made, by, now), now)
    return made


def get_word(conn: Connection, site: Site, word_id: int) -> HandWord:
    """Return a word.

    Raises
    ------
    NotFoundError
        There is none of this number.
    """
    word = stored.find_word(conn, word_id, site=site.id)
    if word is None:
        raise NotFoundError(f"There is no word {word_id} of a truck moved by hand.", kind="no_word")
    return word


def _live(conn: Connection, site: Site, trip_id: int) -> LiveRow:
    row = find_live(conn, trip_id, site=site.id)
    if row is None:
        raise NotFoundError(f"There is no trip {trip_id}.", kind="no_trip")
    return row


def _get_standing(conn: Connection, site: Site, word_id: int) -> HandWord:
    get_active(conn, site, get_word(conn, site, word_id).trip_id)
    word = get_word(conn, site, word_id)  # anew, now that nobody else can change it
    if word.undone_by is not None and word.undone_at is not None:
        raise ConflictError(
            f"{word.undone_by} undid this at {local(site, word.undone_at)} already.",
            kind="word_undone",
            values={"by": word.undone_by, "at": word.undone_at},
        )
    if word.is_false and word.contradicted_at is not None:
        raise ConflictError(
            f"The truck's device showed at {local(site, word.contradicted_at)} that this was not"
            " so; it counts for nothing any more.",
            kind="word_denied",
            values={"at": word.contradicted_at},
        )
    return word


def _write_down(
    conn: Connection, site: Site, word: HandWord, act: str, by: By, now: datetime
) -> None:
    after = {
        "word": word.id,
        "what": word.what,
        "yard": word.yard,
        "at": word.at.isoformat(),
        "counts_at": word.counts_at.isoformat(),
        "reason": word.reason,
    }
    add_record(
        conn, site.id, by, act=act, subject=f"trip:{word.trip_id}", before=None, after=after, at=now
    )


def _entry(kind: Kind, word: HandWord, by: By, now: datetime) -> Entry:
    details: dict[str, int | str] = {
        "word": word.id,
        "what": word.what,
        "yard": word.yard,
        "said_for": word.at.isoformat(),
        "counted_at": word.counts_at.isoformat(),
    }
    return Entry(kind, now, word.trip_id, reason=word.reason, actor=by.name, details=details)
