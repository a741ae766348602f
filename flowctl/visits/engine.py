"""Visits: what a device's membership in zones over time amounts to.

A truck is *in* once it was inside the inner boundary and has stayed within the outer one for the
dwell; it is *out* once it was outside the outer boundary for the exit dwell, or inside another
zone's inner boundary. Between the boundaries it stays what it was, so that noise on a fence makes
no visits. Everything happens at the moment of the fixes, never at that of their delivery.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from flowctl.site import VisitParams
from geo.zones import Role

PASSAGE = frozenset({Role.QUEUE, Role.LANE, Role.BEYOND, Role.APPROACH})
"""Roles whose zones are passed through: one fix well inside is proof enough."""


class Sighting(msgspec.Struct, frozen=True):
    """One fix of one device: its moment (epoch s) and the zones it lies in, by both boundaries."""

    at: float
    received_at: float
    inner: frozenset[str]
    outer: frozenset[str]


class Presence(msgspec.Struct, frozen=True):
    """Where one zone stands for one device: a candidate until confirmed, then in, then leaving.

    All moments are epoch seconds; ``seen_inside`` marks a device whose first fix ever was inside.
    """

    since: float
    seen_inside: bool
    confirmed_at: float | None = None
    received_at: float | None = None
    leaving_since: float | None = None


class TrackState(msgspec.Struct, frozen=True):
    """All that must be remembered of a device: its newest judged fix and its zones."""

    at: float | None = None
    zones: dict[str, Presence] = {}


class Visit(msgspec.Struct, frozen=True):
    """One stay of a device in a zone; epoch seconds, ``left_at`` None while it lasts."""

    zone: str
    entered_at: float
    confirmed_at: float
    received_at: float
    seen_inside: bool
    left_at: float | None = None


def advance(
    state: TrackState,
    sightings: Sequence[Sighting],
    *,
    roles: Mapping[str, Role],
    params: VisitParams,
) -> tuple[TrackState, list[Visit]]:
    """Judge the next fixes of a device, in the order of their moments.

    Parameters
    ----------
    state
        Where the device stands; every sighting must be later than ``state.at``.
    sightings
        Fixes in ascending order of ``at``.
    roles
        Role of every zone by id.
    params
        Dwell times in seconds.

    Returns
    -------
    The state after the last sighting, and each visit that began or ended, newest knowledge last.
    """
    zones = dict(state.zones)
    at = state.at
    changed: dict[tuple[str, float], Visit] = {}
    for sighting in sightings:
        for zone in _touched(zones, sighting):
            after, visit = _judge(zone, zones.get(zone), sighting, at, roles[zone], params)
            if after is None:
                zones.pop(zone, None)
            else:
                zones[zone] = after
            if visit is not None:
                changed[visit.zone, visit.entered_at] = visit
        at = sighting.at
    return TrackState(at, zones), list(changed.values())


def _touched(zones: Mapping[str, Presence], sighting: Sighting) -> Iterable[str]:
    return sorted({*zones, *sighting.inner}) if zones or sighting.inner else ()


def _judge(
    zone: str,
    presence: Presence | None,
    sighting: Sighting,
    before: float | None,
    role: Role,
    params: VisitParams,
) -> tuple[Presence | None, Visit | None]:
    """Return what becomes of one zone at one fix, and the visit if that changed."""
    if presence is None:
        presence = Presence(since=sighting.at, seen_inside=before is None)
    if presence.confirmed_at is None:
        return _confirm(zone, presence, sighting, role, params)
    return _leave(zone, presence, sighting, params)


def _confirm(
    zone: str, presence: Presence, sighting: Sighting, role: Role, params: VisitParams
) -> tuple[Presence | None, Visit | None]:
    if zone not in sighting.outer:
        return None, None
    dwell_s = 0.0 if role in PASSAGE else params.dwell_s
    if sighting.at - presence.since < dwell_s:
        return presence, None
    confirmed = msgspec.structs.replace(
        presence, confirmed_at=sighting.at, received_at=sighting.received_at
    )
    return confirmed, visit_of(zone, confirmed)


def _leave(
    zone: str, presence: Presence, sighting: Sighting, params: VisitParams
) -> tuple[Presence | None, Visit | None]:
    if zone in sighting.inner:
        return msgspec.structs.replace(presence, leaving_since=None), None
    if zone in sighting.outer:
        return presence, None
    since = sighting.at if presence.leaving_since is None else presence.leaving_since
    left = msgspec.structs.replace(presence, leaving_since=since)
    if sighting.inner or sighting.at - since >= params.exit_dwell_s:
        return None, msgspec.structs.replace(visit_of(zone, presence), left_at=since)
    return left, None


def visit_of(zone: str, presence: Presence) -> Visit:
    """Return the lasting visit a confirmed presence stands for."""
    if presence.confirmed_at is None or presence.received_at is None:
        raise ValueError(f"The presence in {zone} is not confirmed, so it is no visit yet.")
    return Visit(
        zone=zone,
        entered_at=presence.since,
        confirmed_at=presence.confirmed_at,
        received_at=presence.received_at,
        seen_inside=presence.seen_inside,
    )


def state_at(visits: Iterable[Visit], moment: float) -> TrackState:
    """Return the state a device was in at ``moment`` by the visits that lasted then.

    It is what a re-evaluation from ``moment`` on begins with.
    """
    lasting = {
        visit.zone: Presence(
            since=visit.entered_at,
            seen_inside=visit.seen_inside,
            confirmed_at=visit.confirmed_at,
            received_at=visit.received_at,
        )
        for visit in visits
        if visit.confirmed_at < moment and (visit.left_at is None or visit.left_at >= moment)
    }
    return TrackState(moment, lasting)
