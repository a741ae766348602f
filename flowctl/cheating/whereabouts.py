"""Trucks that are where they were not sent, or not where they could come from. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.alarms.alerts import Alert, Kind, Point, Severity, Value, about_trip, moment
from flowctl.cheating_limits import CheatingParams
from geo.sphere import distance_m

_DOUBTFUL = ("expired", "called_to_yard")
"""Faults of trucks that were called once: a delay on the way, or a wrong turn, may explain them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A release: the trip's driver was told to leave a yard for ``gate``.

    ``to_yard`` is the in-gate yard where it shall wait for the next call; None: go to the gate.
    """

    gate: str
    released_at: datetime
    expires_at: datetime
    to_yard: str | None = None


@dataclass(frozen=True, slots=True)
class GateStay:
    """An active export trip's truck in the queue of a gate or, ``in_lane``, in one of its lanes.

    ``by`` is ``gps`` or the signature of the officer who entered it. ``calls`` are all its
    releases, ``beyond_at`` when it was last seen beyond any gate before, unless a yard came
    between. ``mate`` is another trip of its haulier that was called to this gate, is still standing
    in its yard at ``now`` and whose call-up holds. ``came_at`` is when it came to this gate, where
    that was before this stay: to its queue, from which it went into a lane.
    """

    trip_id: int
    device: str | None
    gate: str
    zone: str
    entered_at: datetime
    left_at: datetime | None
    by: str
    in_lane: bool
    allowed: tuple[str, ...]
    calls: tuple[Call, ...] = ()
    beyond_at: datetime | None = None
    mate: int | None = None
    haulier: str | None = None
    lon: float | None = None
    lat: float | None = None
    came_at: datetime | None = None


def unreleased(stays: Sequence[GateStay], params: CheatingParams, now: datetime) -> list[Alert]:
    """Return trucks at a gate that were not called to it, and who stands in for another.

    A truck that has come back from the other side has none to be called by. One whose release ran
    out on its way has ``expired_grace_s``; who came in time may wait as long as the gate takes.
    """
    return [alert for stay in stays for alert in _of_stay(stay, params, now)]


def _of_stay(stay: GateStay, params: CheatingParams, now: datetime) -> list[Alert]:
    stayed = (stay.left_at or now) - stay.entered_at
    if stay.by == "gps" and stayed < timedelta(seconds=params.gate_stay_s):
        return []
    if _has_returned(stay, params):
        return []
    fault = _fault(stay, params)
    if fault is None:
        return []
    evidence: dict[str, Value] = {
        "fault": fault,
        "gate": stay.gate,
        "zone": stay.zone,
        "entered_at": moment(stay.entered_at),
        "seen_by": stay.by,
        "stayed_s": round(stayed.total_seconds()),
        **_last_call(stay),
    }
    points: tuple[Point, ...] = ()
    if stay.lon is not None and stay.lat is not None:
        points = (Point(stay.entered_at, stay.lon, stay.lat, stay.zone),)
    found = Alert(
        Kind.UNRELEASED,
        Severity.MEDIUM if fault in _DOUBTFUL else Severity.HIGH,
        about_trip(stay.trip_id),
        stay.entered_at,
        trip_id=stay.trip_id,
        device=stay.device,
        haulier=stay.haulier,
        evidence=evidence,
        points=points,
        proved=fault not in _DOUBTFUL,
    )
    return [found] if stay.mate is None else [found, _took_over(stay, found, stay.mate)]


def _has_returned(stay: GateStay, params: CheatingParams) -> bool:
    if stay.beyond_at is None:
        return False
    return stay.entered_at - stay.beyond_at <= timedelta(seconds=params.returned_s)


def _fault(stay: GateStay, params: CheatingParams) -> str | None:
    """Return what is wrong with a truck's being at a gate; None where it was called there."""
    clock = timedelta(seconds=0 if stay.by == "gps" else params.clock_s)
    called = [call for call in stay.calls if call.released_at <= stay.entered_at + clock]
    if any(
        call.gate == stay.gate
        # The way to an in-gate yard may lead along the queue, but never into a lane.
        and not (stay.in_lane and call.to_yard is not None)
        and (stay.came_at or stay.entered_at)
        <= call.expires_at + timedelta(seconds=params.expired_grace_s)
        for call in called
    ):
        return None
    if stay.gate not in stay.allowed:
        return "not_its_gate"
    at_gate = [call for call in called if call.gate == stay.gate]
    if any(call.to_yard is None for call in at_gate):
        return "expired"
    if at_gate:
        return "called_to_yard"
    return "other_gate" if called else "not_called"


def _last_call(stay: GateStay) -> dict[str, Value]:
    if not stay.calls:
        return {}
    last = max(stay.calls, key=lambda call: call.released_at)
    return {
        "called_to": last.gate,
        "called_at": moment(last.released_at),
        "call_ended_at": moment(last.expires_at),
    }


def _took_over(stay: GateStay, found: Alert, mate: int) -> Alert:
    """Return the swap: who was not called came, who was called and is of the same haulier stays."""
    return Alert(
        Kind.SWAPPED,
        Severity.HIGH,
        about_trip(stay.trip_id),
        stay.entered_at,
        trip_id=stay.trip_id,
        other_trip_id=mate,
        device=stay.device,
        haulier=stay.haulier,
        evidence={"how": "another_truck", **found.evidence},
        points=found.points,
    )


@dataclass(frozen=True, slots=True)
class Booking:
    """An active export trip that has not come to any yard or gate.

    ``due_at`` is the end of its slot with the tolerance after it; ``starts_at`` the slot's start.
    ``fixed_at``, ``lon`` and ``lat`` are its device's newest fix, ``yards`` the middles of the
    yards it may come to: id, degrees.
    """

    trip_id: int
    device: str
    registered_at: datetime
    gate: str
    starts_at: datetime
    due_at: datetime
    yards: tuple[tuple[str, float, float], ...]
    fixed_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    haulier: str | None = None


def ghost_bookings(
    bookings: Sequence[Booking], params: CheatingParams, now: datetime
) -> list[Alert]:
    """Return bookings whose slot is near or past and whose truck cannot come for it.

    Either its device has been silent for longer than a tracker can be, or it is so far that not
    even at ``fastest_mps``, straight, it would be there ``miss_s`` after the tolerance. A truck
    in a jam, late but near, is none.
    """
    near = timedelta(seconds=params.near_slot_s)
    found = (_ghost(one, params, now) for one in bookings if one.starts_at - near <= now)
    return [alert for alert in found if alert is not None]


def _ghost(one: Booking, params: CheatingParams, now: datetime) -> Alert | None:
    heard_at = one.registered_at if one.fixed_at is None else one.fixed_at
    silent = (now - max(heard_at, one.registered_at)).total_seconds()
    evidence: dict[str, Value] = {
        "gate": one.gate,
        "slot_at": moment(one.starts_at),
        "due_at": moment(one.due_at),
    }
    points: tuple[Point, ...] = ()
    if one.fixed_at is not None and one.lon is not None and one.lat is not None:
        evidence["fixed_at"] = moment(one.fixed_at)
        points = (Point(one.fixed_at, one.lon, one.lat, one.device),)
    if silent > params.silent_s:
        fault, began = "silent", heard_at
        evidence["silent_s"] = round(silent)
    else:
        away = _nearest_m(one)
        if away is None or one.fixed_at is None:
            return None
        soonest = one.fixed_at + timedelta(seconds=away / params.fastest_mps)
        if soonest <= one.due_at + timedelta(seconds=params.miss_s):
            return None
        fault, began = "elsewhere", max(one.registered_at, one.starts_at)
        evidence |= {"away_m": round(away), "soonest_at": moment(soonest)}
    return Alert(
        Kind.GHOST_BOOKING,
        Severity.MEDIUM,
        about_trip(one.trip_id),
        min(began, now),
        trip_id=one.trip_id,
        device=one.device,
        haulier=one.haulier,
        evidence={"fault": fault, **evidence},
        points=points,
    )


def _nearest_m(one: Booking) -> float | None:
    if one.lon is None or one.lat is None or not one.yards:
        return None
    return min(distance_m(one.lon, one.lat, lon, lat) for _, lon, lat in one.yards)
