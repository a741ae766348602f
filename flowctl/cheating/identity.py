"""Plates, devices and trucks that do not belong together as they were declared. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flowctl.alarms.alerts import Alert, Kind, Point, Severity, Value, about_trip, moment
from flowctl.cheating.prism import cannot_have_been
from flowctl.cheating_limits import CheatingParams
from geo.sphere import distance_m


@dataclass(frozen=True, slots=True)
class PlateSeen:
    """A trip's plate was seen at a place; ``fixes`` are its device's around that, by time.

    ``place.what`` names the zone, ``radius_m`` is how far its outline reaches from the point.
    ``by`` is who entered it, ``by_officer`` tells that this is a person.
    """

    trip_id: int
    device: str
    place: Point
    radius_m: float
    by: str
    by_officer: bool
    fixes: tuple[Point, ...]
    haulier: str | None = None


def parted(seen: Sequence[PlateSeen], params: CheatingParams) -> list[Alert]:
    """Return trips whose plate was seen where their device cannot have been."""
    return [
        Alert(
            Kind.PARTED,
            Severity.HIGH,
            about_trip(one.trip_id),
            one.place.at,
            trip_id=one.trip_id,
            device=one.device,
            haulier=one.haulier,
            evidence={
                "place": one.place.what,
                "seen_at": moment(one.place.at),
                "seen_by": one.by,
                "away_m": round(
                    min(
                        distance_m(fix.lon, fix.lat, one.place.lon, one.place.lat)
                        for fix in one.fixes
                    )
                ),
                "fixes": len(one.fixes),
            },
            points=(one.place, *one.fixes),
            proved=one.by_officer,
        )
        for one in seen
        if cannot_have_been(one.fixes, one.place, params, radius_m=one.radius_m)
    ]


@dataclass(frozen=True, slots=True)
class Companions:
    """Two devices a trip's truck is said to carry, and their fixes within ``same_moment_s``.

    The pairs are in order of time, the trip's own device first.
    """

    trip_id: int
    device: str
    other_device: str
    pairs: tuple[tuple[Point, Point], ...]
    haulier: str | None = None


def drifted_apart(
    companions: Sequence[Companions], params: CheatingParams, now: datetime
) -> list[Alert]:
    """Return trips whose two devices have been apart for as long as no meal lasts, and still are.

    A fix that finds them together again ends what went before.
    """
    alerts = []
    for one in companions:
        apart: list[tuple[Point, Point]] = []
        for mine, other in one.pairs:
            apart = [*apart, (mine, other)] if _are_apart(mine, other, params) else []
        if len(apart) < params.least_fixes:
            continue
        since, until = apart[0][0].at, apart[-1][0].at
        lasted = (until - since).total_seconds()
        if lasted < params.apart_s or (now - until).total_seconds() > params.unseen_s:
            continue
        mine, other = apart[-1]
        alerts.append(
            Alert(
                Kind.PARTED,
                Severity.MEDIUM,
                about_trip(one.trip_id),
                since,
                trip_id=one.trip_id,
                device=one.device,
                haulier=one.haulier,
                evidence={
                    "other_device": one.other_device,
                    "since": moment(since),
                    "apart_s": round(lasted),
                    "away_m": round(distance_m(mine.lon, mine.lat, other.lon, other.lat)),
                },
                points=(mine, other),
            )
        )
    return alerts


def _are_apart(mine: Point, other: Point, params: CheatingParams) -> bool:
    """Tell whether two fixes, of nearly one moment, cannot be of devices near each other."""
    between_s = abs((mine.at - other.at).total_seconds())
    away_m = distance_m(mine.lon, mine.lat, other.lon, other.lat)
    return away_m > params.apart_m + params.fastest_mps * between_s


@dataclass(frozen=True, slots=True)
class Claim:
    """The device of an active trip is said to be on another truck as well.

    By the registry, ``since`` until ``until`` (None while it lasts; ``companion``: as a second
    device beside that truck's own, as a trailer has); or by ``other_trip``, from its registration
    to its end. ``cancelled``: that trip never crossed.
    """

    trip_id: int
    device: str
    plate: str
    registered_at: datetime
    other_plate: str
    since: datetime
    until: datetime | None
    other_trip: int | None = None
    companion: bool = False
    cancelled: bool = False
    haulier: str | None = None


def two_plates(claims: Sequence[Claim], params: CheatingParams) -> list[Alert]:
    """Return trips whose device is another truck's too, now or until shortly before.

    A device that the registry took from one truck before the next declared it is in order, however
    soon after that was. So is a trip that was cancelled soon after its registration, before the
    next was declared with the same device: its plate was misspelt.
    """
    in_order = {
        (claim.trip_id, claim.other_plate) for claim in claims if _is_in_order(claim, params)
    }
    alerts = []
    for claim in claims:
        gap = timedelta(seconds=0 if claim.other_trip is None else params.two_plates_s)
        over = claim.until is not None and claim.until + gap <= claim.registered_at
        if over or claim.companion or (claim.trip_id, claim.other_plate) in in_order:
            continue
        evidence: dict[str, Value] = {
            "said_by": "registry" if claim.other_trip is None else "trip",
            "since": moment(claim.since),
        }
        if claim.other_trip is None:  # of a trip the plate is looked up where it is shown
            evidence["other_plate"] = claim.other_plate
        if claim.until is not None:
            evidence["until"] = moment(claim.until)
        alerts.append(
            Alert(
                Kind.TWO_PLATES,
                Severity.LOW if claim.other_trip is None else Severity.HIGH,
                about_trip(claim.trip_id),
                max(claim.registered_at, claim.since),
                trip_id=claim.trip_id,
                other_trip_id=claim.other_trip,
                device=claim.device,
                haulier=claim.haulier,
                evidence=evidence,
            )
        )
    return _one_each(alerts)


def _is_in_order(claim: Claim, params: CheatingParams) -> bool:
    if claim.until is None:
        return False
    soon = timedelta(seconds=params.procedure_s)
    if claim.other_trip is None:
        return claim.until <= claim.registered_at + soon
    return claim.cancelled and claim.until - claim.since <= soon


def _one_each(alerts: Sequence[Alert]) -> list[Alert]:
    """Return of each subject the finding that weighs most: trips tell more than the registry."""
    best: dict[str, Alert] = {}
    for alert in alerts:
        if alert.subject not in best or alert.severity is Severity.HIGH:
            best[alert.subject] = alert
    return list(best.values())


@dataclass(frozen=True, slots=True)
class DeviceChange:
    """After its truck had arrived, a trip was given another device.

    ``retired_at`` is when the registry ended the old one's assignment (None: it has not). The fixes
    are the newest of each device before the change, None where there is none.
    """

    trip_id: int
    device: str
    old_device: str
    arrived_at: datetime
    changed_at: datetime
    retired_at: datetime | None
    fix: Point | None = None
    old_fix: Point | None = None
    haulier: str | None = None


def device_swaps(changes: Sequence[DeviceChange], params: CheatingParams) -> list[Alert]:
    """Return trips whose device changed after the arrival it proved, outside of the procedure.

    A tracker that is replaced is retired in the registry within ``procedure_s`` of it.
    """
    alerts = []
    for one in changes:
        if one.retired_at is not None and abs(one.retired_at - one.changed_at) <= timedelta(
            seconds=params.procedure_s
        ):
            continue
        evidence: dict[str, Value] = {
            "how": "another_device",
            "old_device": one.old_device,
            "arrived_at": moment(one.arrived_at),
            "changed_at": moment(one.changed_at),
        }
        away = None
        if one.fix is not None and one.old_fix is not None:
            away = distance_m(one.fix.lon, one.fix.lat, one.old_fix.lon, one.old_fix.lat)
            evidence["away_m"] = round(away)
        alerts.append(
            Alert(
                Kind.SWAPPED,
                Severity.HIGH if away is not None and away > params.near_m else Severity.MEDIUM,
                about_trip(one.trip_id),
                one.changed_at,
                trip_id=one.trip_id,
                device=one.device,
                haulier=one.haulier,
                evidence=evidence,
                points=tuple(fix for fix in (one.old_fix, one.fix) if fix is not None),
            )
        )
    return alerts


@dataclass(frozen=True, slots=True)
class Weighing:
    """What a trip's truck weighed at a place, tonnes, and who entered it; in order of time."""

    trip_id: int
    place: str
    at: datetime
    weight_t: float
    by: str
    haulier: str | None = None


def weight_swaps(weighings: Sequence[Weighing], params: CheatingParams) -> list[Alert]:
    """Return trips whose truck came light and goes heavy: a place was kept by an empty one."""
    first: dict[int, Weighing] = {}
    found: dict[int, Alert] = {}
    for one in weighings:
        came = first.setdefault(one.trip_id, one)
        gained = one.weight_t - came.weight_t
        if gained <= max(params.weight_t, params.weight_share * came.weight_t):
            continue
        found[one.trip_id] = Alert(
            Kind.SWAPPED,
            Severity.HIGH,
            about_trip(one.trip_id),
            one.at,
            trip_id=one.trip_id,
            haulier=one.haulier,
            evidence={
                "how": "came_lighter",
                "came_t": came.weight_t,
                "came_place": came.place,
                "came_at": moment(came.at),
                "goes_t": one.weight_t,
                "place": one.place,
                "seen_by": one.by,
            },
        )
    return list(found.values())
