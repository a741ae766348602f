"""The last fixes of a device, kept with what was said of them.

Most fixes that come late belong among the last few. Judging those again takes the state before them
and nothing from the database; and where the same comes out as before, nothing need be written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flowctl.site import VisitParams
from flowctl.visits.engine import advance, visit_of
from flowctl.visits.ground import Ground
from flowctl.visits.track import Sighting, TrackState, Visit

KEPT = 16
"""Fixes of a device that are remembered at least, once it has sent so many; twice as many at most.

At one report in 30 seconds they span 8 minutes.
"""

Key = tuple[str, int]
"""A zone, and when the visit to it began: one device has no two of them."""


def key_of(visit: Visit) -> Key:
    """Return what tells a visit from the others of its device."""
    return visit.zone, visit.entered_at


def by_key(visits: Iterable[Visit]) -> dict[Key, Visit]:
    """Return visits by their keys, in their order."""
    return {key_of(visit): visit for visit in visits}


@dataclass(slots=True)
class _Stretch:
    """Some fixes that follow each other: the state before them, and the visits they changed."""

    begins: TrackState
    seen: list[Sighting] = field(default_factory=list)
    said: dict[Key, Visit] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retold:
    """What was said since a moment, and what is said of the same time now, by key."""

    before: dict[Key, Visit]
    after: dict[Key, Visit]


class Recent:
    """Where a device stands, and how it came there over its last fixes.

    Parameters
    ----------
    state
        Where it stands before any fix that is remembered.

    Attributes
    ----------
    state
        Where it stands now.
    """

    __slots__ = ("_newer", "_older", "state")

    def __init__(self, state: TrackState) -> None:
        self.state = state
        self._older = _Stretch(state)
        self._newer = _Stretch(state)

    def extend(
        self, seen: Sequence[Sighting], *, ground: Ground, params: VisitParams
    ) -> list[Visit]:
        """Judge the next fixes; arguments and answer are those of `flowctl.visits.engine.advance`.

        Of a long stretch only the end is remembered.
        """
        said: dict[Key, Visit] = {}
        beyond = max(0, len(seen) - KEPT)
        if beyond:
            self.state, visits = advance(self.state, seen[:beyond], ground=ground, params=params)
            self._older, self._newer = _Stretch(self.state), _Stretch(self.state)
            said |= by_key(visits)
        if len(self._newer.seen) + len(seen) - beyond > KEPT:
            self._older, self._newer = self._newer, _Stretch(self.state)
        self.state, visits = advance(self.state, seen[beyond:], ground=ground, params=params)
        changed = by_key(visits)
        self._newer.seen += seen[beyond:]
        self._newer.said |= changed
        return list((said | changed).values())

    def insert(
        self, late: Sequence[Sighting], *, ground: Ground, params: VisitParams
    ) -> Retold | None:
        """Judge fixes again of which the first belongs among those that are remembered.

        Parameters
        ----------
        late
            In ascending order of moments, one a moment.

        Returns
        -------
        None, and nothing has changed, where one belongs before all that is remembered, or at the
        moment of another: then the track must be read.
        """
        since = self._older.begins.at
        if since is None or late[0].at <= since:
            return None
        taken = {sighting.at for part in (self._older, self._newer) for sighting in part.seen}
        if not taken.isdisjoint(sighting.at for sighting in late):
            return None
        before = self._said()
        border = self._newer.begins.at or since
        among_older = [sighting for sighting in late if sighting.at <= border]
        if among_older:
            self._retell(self._older, among_older, ground, params)
            self._newer.begins = self.state
        self._retell(self._newer, late[len(among_older) :], ground, params)
        return Retold(before, self._said())

    def _retell(
        self, part: _Stretch, late: Sequence[Sighting], ground: Ground, params: VisitParams
    ) -> None:
        part.seen = sorted([*part.seen, *late], key=lambda sighting: sighting.at)
        self.state, visits = advance(part.begins, part.seen, ground=ground, params=params)
        part.said = by_key(visits)

    def _said(self) -> dict[Key, Visit]:
        """Return what is said since the first fix that is remembered, and of stays it fell in."""
        stays = [
            visit_of(zone, presence)
            for zone, presence in self._older.begins.zones.items()
            if presence.confirming is not None
        ]
        return by_key(stays) | self._older.said | self._newer.said
