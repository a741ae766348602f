"""What judging starts from and what it finds, before that meets the visits published so far."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flowctl.visits.anchor import state_after
from flowctl.visits.recent import Key, Retold, key_of, stays_of
from flowctl.visits.revise import Published
from flowctl.visits.track import Sighting, TrackState, Visit


@dataclass(frozen=True, slots=True)
class Sure:
    """A state of a track that is known, and the fixes ``seen`` after it that were read already.

    The others are to be read from ``read_from`` on; visits confirmed after ``at`` follow from them.
    ``is_kept`` tells that the state is a checkpoint.
    """

    state: TrackState
    seen: list[Sighting]
    read_from: int
    at: int
    is_kept: bool = False

    @classmethod
    def at_anchor(cls, seen: Sequence[Sighting], anchor: int, late: int) -> "Sure":
        """Return the state after an anchor among the fixes ``seen`` before a moment."""
        return cls(state_after(seen[anchor]), [*seen[anchor + 1 :]], late, seen[anchor].at)

    @classmethod
    def at_beginning(cls, seen: Sequence[Sighting], late: int) -> "Sure":
        """Return the state before all fixes there are, those ``seen`` before a moment read."""
        return cls(TrackState(), [*seen], late, (seen[0].at if seen else late) - 1)

    @classmethod
    def at_checkpoint(cls, state: TrackState) -> "Sure":
        """Return a state that was kept, after which nothing was read."""
        if state.at is None:
            raise ValueError("A checkpoint stands at a fix.")
        return cls(state, [], state.at + 1, state.at, is_kept=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """What judging says of one device, and which published visits that may replace.

    Those with one of the ``keys``, and those confirmed after ``anew_after``; no published visit
    confirmed before ``since`` is either of them, and where that is None none is at all.
    """

    device: int
    visits: list[Visit]
    since: int | None
    keys: frozenset[Key] = frozenset()
    anew_after: int | None = None

    @classmethod
    def of_changed(cls, device: int, visits: list[Visit], *, known_until: int | None) -> "Finding":
        """Return what fixes in order say: only visits confirmed before they came are published."""
        since = min((visit.confirmed_at for visit in visits), default=None)
        if since is None or known_until is None or since > known_until:
            return cls(device, visits, None)
        return cls(device, visits, since, frozenset(map(key_of, visits)))

    @classmethod
    def of_retold(cls, device: int, retold: Retold) -> "Finding":
        """Return what a late fix changes about visits that were said before."""
        before, after = retold.before, retold.after
        if before == after:
            return cls(device, [], None)
        since = min((visit.confirmed_at for visit in before.values()), default=None)
        return cls(device, list(after.values()), since, frozenset(before))

    @classmethod
    def of_anew(cls, device: int, visits: Mapping[Key, Visit], sure: Sure) -> "Finding":
        """Return what all fixes after a sure moment say, stays that lasted then included."""
        stays = stays_of(sure.state)
        since = min((visit.confirmed_at for visit in stays), default=sure.at + 1)
        keys = frozenset(map(key_of, stays))
        return cls(device, list(visits.values()), since, keys, anew_after=sure.at)

    def revisable(self, published: Sequence[Published]) -> list[Published]:
        """Return which of the visits published since then may be replaced."""
        after = math.inf if self.anew_after is None else self.anew_after
        return [
            one
            for one in published
            if one.visit.confirmed_at > after or key_of(one.visit) in self.keys
        ]
