"""Visits: what a device's fixes amount to, in the order of their moments.

A truck is *in* a zone once enough of its last fixes were inside the inner boundary, since the
moment it crossed it; it is *out* once enough of them were outside the outer boundary, or one well
inside another place. Between the boundaries it stays what it was, so that noise on a fence makes
no visits. Everything happens at the moment of the fixes, never at that of their delivery, and a
state is a function of the fixes up to it and of nothing else: see `flowctl.visits.anchor`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from flowctl.site import VisitParams
from flowctl.visits.ground import EXCLUSIVE, PASSAGE, Crossing, Ground
from flowctl.visits.jumps import distance_m, is_plausible
from flowctl.visits.track import (
    SECOND,
    Evidence,
    Leaving,
    Mark,
    Presence,
    Sighting,
    TrackState,
    Visit,
    patience,
)

_changed = msgspec.structs.replace


def advance(
    state: TrackState, sightings: Sequence[Sighting], *, ground: Ground, params: VisitParams
) -> tuple[TrackState, list[Visit]]:
    """Judge the next fixes of a device, in the order of their moments.

    Parameters
    ----------
    state
        Where the device stands.
    sightings
        Fixes in ascending order of ``at``, one a moment, all later than ``state.at``.
    ground
        The zones.
    params
        Counts, times and speeds.

    Returns
    -------
    The state after the last sighting, and each visit that began or changed, as it is now known, in
    the order of their beginnings' discovery.
    """
    track = _Track(ground, params, dict(state.zones))
    last, suspect, outliers = state.last, state.suspect, state.outliers
    for sighting in sightings:
        if last is None or is_plausible(last, sighting, params.jump_mps):
            outliers += suspect is not None
            track.step(last, sighting, joined=last is not None)
        elif suspect is not None and is_plausible(suspect, sighting, params.jump_mps):
            track.step(last, suspect, joined=False)
            track.step(suspect, sighting, joined=True)
        else:
            outliers += suspect is not None
            suspect = sighting
            continue
        last, suspect = sighting, None
    return TrackState(last, suspect, track.zones, outliers), list(track.said.values())


@dataclass(slots=True)
class _Track:
    """The zones of one device while its accepted fixes are taken one by one."""

    ground: Ground
    params: VisitParams
    zones: dict[str, Presence]
    said: dict[tuple[str, int], Visit] = field(default_factory=dict)

    def step(self, before: Sighting | None, here: Sighting, *, joined: bool) -> None:
        """Take the next accepted fix; ``joined`` where a truck can have driven there."""
        if not (self.zones or here.inner or (before is not None and before.outer) or here.outer):
            return
        if self._goes_on(before, here):
            return
        line = before if joined and self._heard(before, here) else None
        # A truck that is in one place at both its fixes is taken to have stayed there.
        if line is not None and (line.outer or here.outer) and not line.inner & here.inner:
            self._cross(line, here)
        for zone in sorted({*self.zones, *here.inner}):
            presence = self.zones.get(zone)
            came_back = False
            if presence is not None:
                self._judge(zone, presence, here, line)
                forgotten = self._is_forgotten(presence, here)
                came_back = forgotten and presence.leaving is None
            if zone in here.inner and zone not in self.zones:
                self._begin(zone, before, here, line, came_back=came_back)

    def _goes_on(self, before: Sighting | None, here: Sighting) -> bool:
        """Take a fix that only says once more where the truck is known to be, as most do."""
        if before is None or len(self.zones) != 1 or len(here.outer) != 1 or here.unsure:
            return False
        [(zone, presence)] = self.zones.items()
        if (
            zone not in here.inner
            or zone not in before.inner
            or presence.counted_at is None  # so that it is not confirmed either
            or presence.leaving is not None
            or here.at - presence.within.at > patience(presence.within.moving, self.params)
        ):
            return False
        self.zones[zone] = _changed(presence, within=here)
        return True

    def _heard(self, before: Sighting | None, here: Sighting) -> bool:
        """Tell whether silence between two fixes is so short that it says nothing."""
        if before is None:
            return False
        return here.at - before.at <= patience(before.moving, self.params)

    def _cross(self, before: Sighting, here: Sighting) -> None:
        """Let the line between two fixes begin visits to the zones it leads through."""
        known = {*self.zones, *before.inner, *before.unsure, *here.inner, *here.unsure}
        for crossing in self.ground.crossings(before, here, besides=known):
            self._begin_crossed(crossing, before, here)

    def _begin(
        self,
        zone: str,
        before: Sighting | None,
        here: Sighting,
        line: Sighting | None,
        *,
        came_back: bool,
    ) -> None:
        """Let a candidate begin at its first fix inside."""
        absent = before is None or here.at - before.at > self.params.absent_s * SECOND
        presence = Presence(
            entered_at=here.at if line is None else self.ground.entry(zone, line, here),
            first=_mark(here),
            before=None if before is None or absent else _mark(before),
            within=here,
            seen_inside=absent or came_back,
            is_proved=here.timely and (line is None or line.timely),
        )
        self._confirm(zone, presence, here)

    def _begin_crossed(self, crossing: Crossing, before: Sighting, here: Sighting) -> None:
        """Let a visit begin that only the line between two fixes outside shows."""
        is_proved = before.timely and here.timely
        presence = Presence(
            entered_at=crossing.entered_at,
            first=_mark(here),
            before=_mark(before),
            within=_changed(here, at=crossing.left_at),
            seen_inside=False,
            is_proved=is_proved,
            crossed=True,
            confirming=_mark(here),
            received_at=here.received_at,
            counted_at=crossing.entered_at if is_proved else None,
        )
        if crossing.zone not in here.outer:
            gap = here.at - before.at
            presence = _changed(presence, leaving=Leaving(_mark(here), 0, crossing.left_at, gap))
        self._say(crossing.zone, presence)

    def _judge(self, zone: str, presence: Presence, here: Sighting, line: Sighting | None) -> None:
        """Let one more fix speak about a zone the device is in, or may be."""
        if zone in here.outer and not self._is_forgotten(presence, here):
            self._stay(zone, presence, here)
            return
        ended_at = None if zone in here.outer else self.ground.ended(zone, here.at)
        if ended_at is not None or self._is_forgotten(presence, here):
            self._lose(zone, presence, here, ended_at)
        elif zone not in here.unsure:
            self._leave(zone, presence, here, line)

    def _is_forgotten(self, presence: Presence, here: Sighting) -> bool:
        return here.at - presence.within.at > self.params.forget_s * SECOND

    def _stay(self, zone: str, presence: Presence, here: Sighting) -> None:
        """Take a fix within the outer boundary: it ends a silence, and all signs of leaving."""
        gap = here.at - presence.within.at
        silence = gap if gap > patience(presence.within.moving, self.params) else 0
        longer = silence > presence.silent_us
        stayed = _changed(
            presence,
            within=here,
            leaving=None,
            silent_us=silence if longer else presence.silent_us,
        )
        if presence.confirming is None:
            if zone in here.inner:
                self._confirm(zone, stayed, here)
            else:
                votes = (*stayed.votes, 0)[-self.params.enter_of :]
                self.zones[zone] = _changed(stayed, votes=votes)
            return
        proved = presence.counted_at is None and here.timely and zone in here.inner
        if proved:
            stayed = _changed(stayed, counted_at=_counted(stayed, here.at))
        if proved or longer:
            self._say(zone, stayed)
        else:
            self.zones[zone] = stayed

    def _confirm(self, zone: str, presence: Presence, here: Sighting) -> None:
        """Count one more fix inside; the visit is published once they are enough."""
        passing = self.ground.roles[zone] in PASSAGE
        wanted, of = (1, 1) if passing else (self.params.enter_fixes, self.params.enter_of)
        votes = (*presence.votes, 1)[-of:]
        dwelt = passing or here.at - presence.first.at >= self.params.dwell_s * SECOND
        if votes.count(1) < wanted or not dwelt:
            self.zones[zone] = _changed(presence, votes=votes)
            return
        confirmed = _changed(
            presence, votes=(), confirming=_mark(here), received_at=here.received_at
        )
        if here.timely:
            proved_at = presence.entered_at if presence.is_proved else here.at
            confirmed = _changed(confirmed, counted_at=_counted(confirmed, proved_at))
        self._say(zone, confirmed)

    def _leave(self, zone: str, presence: Presence, here: Sighting, line: Sighting | None) -> None:
        """Take a fix outside; the visit ends once they are enough."""
        if presence.confirming is None:
            self._doubt(zone, presence)
            return
        leaving = presence.leaving or self._turn(zone, presence, here, line)
        leaving = _changed(leaving, n=leaving.n + 1)
        presence = _changed(presence, leaving=leaving)
        if self._is_away(presence, leaving, here) or self._is_elsewhere(zone, here):
            self._end(zone, presence, leaving.left_at)
        else:
            self.zones[zone] = presence

    def _is_away(self, presence: Presence, leaving: Leaving, here: Sighting) -> bool:
        """Tell whether fixes outside are enough: few of them far off, more of them near by."""
        params = self.params
        if here.at - leaving.first.at < params.exit_dwell_s * SECOND:
            return False
        if leaving.n >= max(params.linger_fixes, params.exit_fixes):
            return True
        return leaving.n >= params.exit_fixes and distance_m(presence.within, here) > params.away_m

    def _doubt(self, zone: str, presence: Presence) -> None:
        """Count a fix outside against a candidate."""
        votes = (*presence.votes, -1)[-self.params.enter_of :]
        if votes.count(-1) > self.params.enter_of - self.params.enter_fixes:
            del self.zones[zone]
        else:
            self.zones[zone] = _changed(presence, votes=votes)

    def _turn(
        self, zone: str, presence: Presence, here: Sighting, line: Sighting | None
    ) -> Leaving:
        """Find when the truck left by its first fix outside."""
        within = presence.within
        gap = here.at - within.at
        tolerated = patience(within.moving, self.params)
        if line is not None and gap <= tolerated:
            left_at = self.ground.exit(zone, within, here)
        else:
            left_at = min(within.at + tolerated, here.at)
        return Leaving(_mark(here), 0, left_at, gap)

    def _is_elsewhere(self, zone: str, here: Sighting) -> bool:
        return any(self.ground.roles[other] in EXCLUSIVE for other in here.inner if other != zone)

    def _lose(self, zone: str, presence: Presence, here: Sighting, ended_at: int | None) -> None:
        """End what has been silent for too long, or whose zone has ceased to be."""
        if presence.confirming is None:
            del self.zones[zone]
            return
        within, leaving = presence.within, presence.leaving
        left_at = min(within.at + patience(within.moving, self.params), here.at)
        if leaving is not None:
            left_at = leaving.left_at
        elif ended_at is not None and here.at - within.at <= self.params.forget_s * SECOND:
            left_at = ended_at
        if ended_at is not None:
            left_at = min(left_at, ended_at)
        self._end(zone, presence, max(left_at, presence.entered_at + 1))

    def _end(self, zone: str, presence: Presence, left_at: int) -> None:
        self._say(zone, presence, left_at=left_at)
        del self.zones[zone]

    def _say(self, zone: str, presence: Presence, *, left_at: int | None = None) -> None:
        self.zones[zone] = presence
        self.said[zone, presence.first.at] = visit_of(zone, presence, left_at=left_at)


def visit_of(zone: str, presence: Presence, *, left_at: int | None = None) -> Visit:
    """Return the visit a confirmed presence stands for, ended where ``left_at`` is given.

    Raises
    ------
    ValueError
        The presence is still a candidate.
    """
    if presence.confirming is None:
        raise ValueError(f"The presence in {zone} is not confirmed, so it is no visit yet.")
    counted_at = presence.counted_at
    leaving = presence.leaving
    ended = left_at is not None
    within = Mark(presence.within.at, presence.within.source)
    return Visit(
        zone=zone,
        entered_at=presence.entered_at,
        confirmed_at=presence.confirming.at,
        received_at=presence.received_at,
        counted_at=_counted(presence) if counted_at is None else counted_at,
        seen_inside=presence.seen_inside,
        crossed=presence.crossed,
        left_at=left_at,
        silent_us=presence.silent_us,
        exit_gap_us=leaving.gap_us if ended and leaving is not None else None,
        evidence=Evidence(
            before=presence.before,
            first=None if presence.crossed else presence.first,
            confirming=presence.confirming,
            within=within if ended and not presence.crossed else None,
            outside=leaving.first if ended and leaving is not None else None,
        ),
    )


def _counted(presence: Presence, proved_at: int | None = None) -> int:
    """Return the moment a stay counts from: what a timely fix proves, or its reception."""
    moment = presence.received_at
    if proved_at is not None:
        moment = min(moment, proved_at)
    return max(presence.entered_at, moment)


def _mark(sighting: Sighting) -> Mark:
    return Mark(sighting.at, sighting.source)
