"""Where fixes and visits are kept, as the judging of them sees it: the database, or memory."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowctl.storage.visits import Reason
from flowctl.visits.revise import Published
from flowctl.visits.track import TrackState
from geo.zones import Zone

Rows = NDArray[np.void]


class Tracks(Protocol):
    """What is asked and written while fixes become visits.

    Rows have dtype `flowctl.storage.fixes.STORED`, shape [n], and come by device, moment and
    source; moments are microseconds since 1970.
    """

    def list_states(self) -> dict[int, TrackState]:
        """Return the visit state of every device that was ever seen near a zone."""
        ...

    def list_before(self, befores: Mapping[int, int], *, most: int, within: timedelta) -> Rows:
        """Return the last fixes of devices before a moment given for each, ``most`` of each.

        Nothing need be returned that is older than ``within`` before the first of the moments.
        """
        ...

    def list_tracks(self, since_us: Mapping[int, int]) -> Rows:
        """Return the fixes of devices from a moment on that is given for each."""
        ...

    def save_tracks(self, newest: Rows, states: Mapping[int, TrackState]) -> None:
        """Keep where devices stand, and their newest position; a device appears once."""
        ...

    def save_checkpoints(self, states: Sequence[tuple[int, TrackState]]) -> None:
        """Keep the states of devices, each as of its newest fix."""
        ...

    def find_checkpoints(self, lates: Mapping[int, int]) -> dict[int, TrackState]:
        """Return the last state kept of devices before a moment given for each."""
        ...

    def drop_checkpoints(self, lates: Mapping[int, int]) -> None:
        """Drop what a fix at a moment given for each device has made untrue."""
        ...

    def list_visits(self, confirmed_since: Mapping[int, int]) -> dict[int, list[Published]]:
        """Return devices' visits confirmed at a moment given for each, or later, by beginning."""
        ...

    def record_revisions(
        self, revised: Sequence[tuple[int, Published, bool]], *, why: Reason, known_at: int
    ) -> None:
        """Keep what was said before of visits, (device, visit, whether it is withdrawn) each."""
        ...

    def withdraw_visits(self, visits: Sequence[tuple[int, Published]]) -> None:
        """Remove visits that have been shown never to have been."""
        ...

    def save_visits(
        self, zones: Mapping[str, Zone], visits: Sequence[tuple[int, Published]]
    ) -> None:
        """Write visits of devices under their identities."""
        ...
