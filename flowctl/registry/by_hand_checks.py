"""Why a word about a truck cannot be: by its yard, its moment, or a tracker that is heard."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import shapely

from flowctl.errors import ConflictError, FlowctlError, NotFoundError, Value
from flowctl.site import Site
from flowctl.storage import hand_words as stored
from flowctl.storage.gate_decisions import find_admission
from flowctl.storage.hand_words import Connection, What
from flowctl.storage.live import LiveRow
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


def check_yard(site: Site, yard: str | None) -> str:
    """Return a yard of the site; a NotFoundError where it is none."""
    if yard is None or yard not in site.yard_by_id:
        known = ", ".join(site.yard_by_id)
        named = "No yard is named" if yard is None else f"There is no yard {yard[:40]!r}"
        values = {"yard": (yard or "")[:40]}
        raise NotFoundError(f"{named}; {site.id} has {known}.", kind="no_yard", values=values)
    return yard


def check_moment(conn: Connection, site: Site, row: LiveRow, said: Said, now: datetime) -> None:
    """Refuse a moment that cannot be: to come, long past, or not after what was said last."""
    if (said.at - now).total_seconds() > site.future_limit_s:
        raise FlowctlError(
            f"{local(site, said.at)} lies in the future; give when it was.",
            kind="in_future",
            values={"at": said.at},
        )
    if now - said.at > _LONGEST_BACK:
        raise FlowctlError(
            f"{said.at.isoformat(timespec='minutes')} is more than"
            f" {_LONGEST_BACK.total_seconds() / 3600:.0f} hours ago; nothing of then counts now.",
            kind="too_long_ago",
            values={"at": said.at, "hours": _LONGEST_BACK.total_seconds() / 3600},
        )
    if said.at < row.registered_at:
        raise FlowctlError(
            f"The truck {row.plate} was registered at {local(site, row.registered_at)}; what was"
            " before that counts for nothing. Give a later moment.",
            kind="before_registration",
            values={"plate": row.plate, "at": row.registered_at},
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
            " that undone first.",
            kind="said_later",
            values={
                "by": last.said_by,
                "said_at": last.said_at,
                "plate": row.plate,
                "yard": last.yard,
                "at": last.at,
            },
        )


def entered_yard(conn: Connection, site: Site, row: LiveRow, said: Said) -> str:
    """Return the yard a truck came into; a ConflictError where it is known to be elsewhere."""
    yard = check_yard(site, said.yard)
    if row.yard == yard:
        raise _there_already(conn, site, row, yard)
    admission = find_admission(conn, row.id)
    if admission is not None and row.queued_at == admission.at:
        raise ConflictError(
            f"{admission.by} admitted the truck {row.plate} at {admission.gate} at"
            f" {local(site, admission.at)}; a refusal there has to take that back first.",
            kind="admitted",
            values={
                "by": admission.by,
                "plate": row.plate,
                "gate": admission.gate,
                "at": admission.at,
            },
        )
    if row.queued_at is not None or row.lane_at is not None:
        since = row.lane_at or row.queued_at
        assert since is not None  # noqa: S101 - one of the two, as was just asked
        raise ConflictError(
            f"The tracker of {row.plate} shows it at the gate {row.queued_gate} since"
            f" {local(site, since)}; mark the device as faulty first if it is wrong.",
            kind="tracker_at_gate",
            values={"plate": row.plate, "gate": row.queued_gate, "at": since},
        )
    return yard


def left_yard(row: LiveRow, said: Said) -> str:
    """Return the yard a truck left; a ConflictError where it does not stand there."""
    if row.yard is None:
        raise ConflictError(
            f"The truck {row.plate} stands in no yard; it cannot leave one.",
            kind="in_no_yard",
            values={"plate": row.plate},
        )
    if said.yard not in (None, row.yard):
        raise ConflictError(
            f"The truck {row.plate} stands in {row.yard} and not in {said.yard}.",
            kind="in_other_yard",
            values={"plate": row.plate, "yard": row.yard},
        )
    if row.yarded_at is not None and said.at <= row.yarded_at:
        raise FlowctlError(
            "It would have left before it came in; give a later moment.",
            kind="left_before_in",
            values={"plate": row.plate, "at": row.yarded_at},
        )
    return row.yard


def _there_already(conn: Connection, site: Site, row: LiveRow, yard: str) -> ConflictError:
    sentence = f"The truck {row.plate} stands in {yard} already, by"
    where: dict[str, Value] = {"plate": row.plate, "yard": yard}
    words = stored.list_words(conn, site.id, trip_id=row.id, limit=1)
    if row.by_hand and words:
        by, at = words[0].said_by, words[0].said_at
        sentence = f"{sentence} the word of {by} at {local(site, at)}."
        return ConflictError(sentence, kind="in_yard_by_word", values={**where, "by": by, "at": at})
    since = "" if row.yarded_at is None else f" since {local(site, row.yarded_at)}"
    values = {**where, "at": row.yarded_at}
    return ConflictError(f"{sentence} its tracker{since}.", kind="in_yard", values=values)


def refuse_against_tracker(site: Site, row: LiveRow, what: What, yard: str, now: datetime) -> None:
    """Refuse a word against a tracker that is heard: its fault has to be said first."""
    if row.fixed_at is None or row.lon is None or row.lat is None:
        return
    if now - row.fixed_at > _HEARD_WITHIN:
        return
    off_m = outside_m(site, yard, row.lon, row.lat, now)
    if off_m is None or (off_m <= FAR_M if what == "entered" else off_m > 0):
        return
    seen = f"{off_m / 1000:.1f} km from {yard}" if what == "entered" else f"in {yard}"
    sentence = (
        f"The tracker of {row.plate} was heard at {local(site, row.fixed_at)} and shows it {seen};"
        " mark the device as faulty first if it is wrong."
    )
    values: dict[str, Value] = {"plate": row.plate, "at": row.fixed_at, "yard": yard}
    if what == "left":
        raise ConflictError(sentence, kind="tracker_inside", values=values)
    values["km"] = round(off_m / 1000, 1)
    raise ConflictError(sentence, kind="tracker_elsewhere", values=values)
