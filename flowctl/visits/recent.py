"""The last fixes of a device, kept with what was said of them.

Most fixes that come late belong among the last few. Judging those again takes the state before them
and nothing from the database; and where the same comes out as before, nothing need be written.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from flowctl.site import VisitParams
from flowctl.visits.engine import advance, visit_of
from flowctl.visits.ground import Ground
from flowctl.visits.track import SECOND, Sighting, TrackState, Visit

KEPT = 16
"""Fixes of a device that are remembered at least, once it has sent so many; twice as many at most.

At one report in 30 seconds they span 8 minutes.
"""
CHECKPOINT_EVERY = 6 * 3600 * SECOND
"""How much of a long stay need be read back at most for a late fix in it, in microseconds."""

Key = tuple[str, int]
"""A zone, and when the visit to it began: one device has no two of them."""


def key_of(visit: Visit) -> Key:
    """Return what tells a visit from the others of its device."""
    return visit.zone, visit.entered_at


def by_key(visits: Iterable[Visit]) -> dict[Key, Visit]:
    """Return visits by their keys, in their order."""
    return {key_of(visit): visit for visit in visits}


def stays_of(state: TrackState) -> list[Visit]:
    """Return the visits that last at a state."""
    return [
        visit_of(zone, presence)
        for zone, presence in state.zones.items()
        if presence.confirming is not None
    ]


def _begun_at(state: TrackState) -> int | None:
    """Return the first fix of the oldest stay; in no zone the newest fix; None before any."""
    return min((presence.first.at for presence in state.zones.values()), default=state.at)


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
    is_kept
        Whether a checkpoint stands there.

    Attributes
    ----------
    state
        Where it stands now.
    """

    __slots__ = ("_checkpoint_at", "_newer", "_older", "_sure_at", "state")

    def __init__(self, state: TrackState, *, is_kept: bool = False) -> None:
        self.state = state
        self._checkpoint_at: int | None = None
        self._sure_at = state.at if is_kept else _begun_at(state)
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
        if self._sure_at is None or not self.state.zones:
            self._sure_at = self.state.at
        return list((said | changed).values())

    def take_checkpoint(self) -> TrackState | None:
        """Return the present state where one is due to be kept; None where none is."""
        at = self.state.at
        if at is None or self._sure_at is None or at - self._sure_at < CHECKPOINT_EVERY:
            return None
        self._sure_at = self._checkpoint_at = at
        return self.state

    def loses_checkpoint(self, at: int) -> bool:
        """Tell whether a fix at a moment makes the last checkpoint untrue, and forget that one."""
        if self._checkpoint_at is None or self._checkpoint_at < at:
            return False
        self._checkpoint_at, self._sure_at = None, _begun_at(self.state)
        return True

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
        return by_key(stays_of(self._older.begins)) | self._older.said | self._newer.said
