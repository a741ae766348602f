"""What operators say of trucks by hand: who stands at a yard unregistered, who came in, who left.

A truck without GPS, or with a silent tracker, holds its true place by these words. Seniority counts
from the moment that is said, at the earliest the policy's ``hand.backdate_s`` before somebody says
it, and from earlier only once a second person bears it out. The hand's word does not overrule a
tracker that is heard; what one shows later is judged by `flowctl.visits.by_hand`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import shapely

from flowctl.errors import ConflictError, FlowctlError, NotFoundError
from flowctl.ledger.entries import Entry, Kind
from flowctl.registry.keys import Keys
from flowctl.registry.rules import Declaration
from flowctl.registry.trips import get_active, record, register
from flowctl.site import Site
from flowctl.storage import hand_words as stored
from flowctl.storage.audit import By, add_record
from flowctl.storage.gate_decisions import find_admission
from flowctl.storage.hand_words import Connection, HandWord, What
from flowctl.storage.live import LiveRow, find_live
from flowctl.telemetry.fixes import microseconds
from flowctl.visits.by_hand import FAR_M
from geo.crs import Projection

_HEARD_WITHIN = timedelta(minutes=5)
"""A tracker that was heard so lately knows better than anybody where the truck is."""
_LONGEST_BACK = timedelta(hours=36)


class HandReason(StrEnum):
    """Why a hand said it; a code, for the ledger holds no free words about people."""

    NO_TRACKER = "no_tracker"
    TRACKER_SILENT = "tracker_silent"
    TRACKER_FAULTY = "tracker_faulty"
    UNSEEN = "unseen"
    """The tracker works, but the yard's outline did not show it."""
    WALK_IN = "walk_in"


@dataclass(frozen=True, slots=True)
class Said:
    """What an operator says: the truck came into ``yard`` at ``at``, or left it then."""

    what: What
    yard: str | None
    at: datetime
    reason: HandReason


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
    _check_yard(site, yard)
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
    yard = _entered_yard(conn, site, row, said) if said.what == "entered" else _left_yard(row, said)
    _check_moment(conn, site, row, said, now)
    _refuse_against_tracker(site, row, said.what, yard, now)
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
            " stands; say what is true now instead."
        )
    row = _live(conn, site, word.trip_id)
    if row.released_at is not None and row.released_at >= word.said_at:
        raise ConflictError(
            f"The truck {word.plate} was called up at {local(site, row.released_at)} since then;"
            " say that it left, or cancel its trip."
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
            f"The word counts from its own moment, {local(site, word.at)}, already{who}."
        )
    if word.said_by == by.name:
        raise ConflictError("A second person has to bear it out; it is your own word.")
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
        raise NotFoundError(f"There is no word {word_id} of a truck moved by hand.")
    return word


def outside_m(site: Site, yard: str, lon: float, lat: float, at: datetime) -> float | None:
    """Return how far outside a yard a place lies, metres; negative inside, None without outline."""
    zone = next((z for z in site.zones if z.id == yard and z.is_valid_at(microseconds(at))), None)
    if zone is None:
        return None
    plane = Projection(site.epsg)
    outline = plane.metres_of(zone.polygon)
    [x], [y] = plane.to_metres([lon], [lat])
    point = shapely.Point(x, y)
    if outline.contains(point):
        return -float(outline.boundary.distance(point))
    return float(outline.distance(point))


def local(site: Site, at: datetime) -> str:
    """Return a moment as the clocks at the gates show it."""
    return at.astimezone(site.timezone).strftime("%H:%M")


def _live(conn: Connection, site: Site, trip_id: int) -> LiveRow:
    row = find_live(conn, trip_id, site=site.id)
    if row is None:
        raise NotFoundError(f"There is no trip {trip_id}.")
    return row


def _check_yard(site: Site, yard: str | None) -> str:
    if yard is None or yard not in site.yard_by_id:
        known = ", ".join(site.yard_by_id)
        named = "No yard is named" if yard is None else f"There is no yard {yard[:40]!r}"
        raise NotFoundError(f"{named}; {site.id} has {known}.")
    return yard


def _check_moment(conn: Connection, site: Site, row: LiveRow, said: Said, now: datetime) -> None:
    if (said.at - now).total_seconds() > site.future_limit_s:
        raise FlowctlError(f"{local(site, said.at)} lies in the future; give when it was.")
    if now - said.at > _LONGEST_BACK:
        raise FlowctlError(
            f"{said.at.isoformat(timespec='minutes')} is more than"
            f" {_LONGEST_BACK.total_seconds() / 3600:.0f} hours ago; nothing of then counts now."
        )
    if said.at < row.registered_at:
        raise FlowctlError(
            f"The truck {row.plate} was registered at {local(site, row.registered_at)}; what was"
            " before that counts for nothing. Give a later moment."
        )
    words = stored.list_words(conn, site.id, trip_id=row.id, limit=20)
    last = max(
        (word for word in words if word.undone_at is None and not word.is_false),
        key=lambda word: word.at,
        default=None,
    )
    if last is not None and said.at <= last.at:
        raise ConflictError(
            f"{last.said_by} said at {local(site, last.said_at)} that the truck {row.plate}"
            f" {last.what} {last.yard} at {local(site, last.at)}; give a later moment, or have"
            " that undone first."
        )


def _entered_yard(conn: Connection, site: Site, row: LiveRow, said: Said) -> str:
    yard = _check_yard(site, said.yard)
    if row.yard == yard:
        raise ConflictError(
            f"The truck {row.plate} stands in {yard} already, {_by_whom(conn, site, row)}."
        )
    admission = find_admission(conn, row.id)
    if admission is not None and row.queued_at == admission.at:
        raise ConflictError(
            f"{admission.by} admitted the truck {row.plate} at {admission.gate} at"
            f" {local(site, admission.at)}; a refusal there has to take that back first."
        )
    if row.queued_at is not None or row.lane_at is not None:
        since = row.lane_at or row.queued_at
        assert since is not None  # noqa: S101 - one of the two, as was just asked
        raise ConflictError(
            f"The tracker of {row.plate} shows it at the gate {row.queued_gate} since"
            f" {local(site, since)}; mark the device as faulty first if it is wrong."
        )
    return yard


def _left_yard(row: LiveRow, said: Said) -> str:
    if row.yard is None:
        raise ConflictError(f"The truck {row.plate} stands in no yard; it cannot leave one.")
    if said.yard not in (None, row.yard):
        raise ConflictError(f"The truck {row.plate} stands in {row.yard} and not in {said.yard}.")
    if row.yarded_at is not None and said.at <= row.yarded_at:
        raise FlowctlError("It would have left before it came in; give a later moment.")
    return row.yard


def _by_whom(conn: Connection, site: Site, row: LiveRow) -> str:
    since = "" if row.yarded_at is None else f" since {local(site, row.yarded_at)}"
    words = stored.list_words(conn, site.id, trip_id=row.id, limit=1)
    if row.by_hand and words:
        return f"by the word of {words[0].said_by} at {local(site, words[0].said_at)}"
    return f"by its tracker{since}"


def _refuse_against_tracker(site: Site, row: LiveRow, what: What, yard: str, now: datetime) -> None:
    """Refuse a word against a tracker that is heard: its fault has to be said first."""
    if row.fixed_at is None or row.lon is None or row.lat is None:
        return
    if now - row.fixed_at > _HEARD_WITHIN:
        return
    off_m = outside_m(site, yard, row.lon, row.lat, now)
    if off_m is None or (off_m <= FAR_M if what == "entered" else off_m > 0):
        return
    seen = f"{off_m / 1000:.1f} km from {yard}" if what == "entered" else f"in {yard}"
    raise ConflictError(
        f"The tracker of {row.plate} was heard at {local(site, row.fixed_at)} and shows it {seen};"
        " mark the device as faulty first if it is wrong."
    )


def _get_standing(conn: Connection, site: Site, word_id: int) -> HandWord:
    get_active(conn, site, get_word(conn, site, word_id).trip_id)
    word = get_word(conn, site, word_id)  # anew, now that nobody else can change it
    if word.undone_by is not None and word.undone_at is not None:
        raise ConflictError(
            f"{word.undone_by} undid this at {local(site, word.undone_at)} already."
        )
    if word.is_false and word.contradicted_at is not None:
        raise ConflictError(
            f"The truck's device showed at {local(site, word.contradicted_at)} that this was not"
            " so; it counts for nothing any more."
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
