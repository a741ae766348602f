"""Fixes and visits in the database, for the judging of them (`flowctl.telemetry.tracks`)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray

from flowctl.storage import checkpoints, fixes, visits
from flowctl.storage.visits import Reason
from flowctl.visits.revise import Published
from flowctl.visits.track import TrackState
from geo.zones import Zone

Rows = NDArray[np.void]


class StoredTracks:
    """Asks and writes through one connection, in the caller's transaction."""

    __slots__ = ("_conn",)

    def __init__(self, conn: "psycopg.Connection[Any]") -> None:
        self._conn = conn

    def list_states(self) -> dict[int, TrackState]:
        """Return the visit state of every device that was ever seen near a zone."""
        return visits.list_states(self._conn)

    def list_before(self, befores: Mapping[int, int], *, most: int, within: timedelta) -> Rows:
        """Return the last fixes of devices before a moment given for each, ``most`` of each."""
        return fixes.list_before(self._conn, befores, most=most, within=within)

    def list_tracks(self, since_us: Mapping[int, int]) -> Rows:
        """Return the fixes of devices from a moment on that is given for each."""
        return fixes.list_tracks(self._conn, since_us)

    def save_tracks(self, newest: Rows, states: Mapping[int, TrackState]) -> None:
        """Keep where devices stand, and their newest position."""
        visits.save_tracks(self._conn, newest, states)

    def save_checkpoints(self, states: Sequence[tuple[int, TrackState]]) -> None:
        """Keep the states of devices, each as of its newest fix."""
        checkpoints.save_checkpoints(self._conn, states)

    def find_checkpoints(self, lates: Mapping[int, int]) -> dict[int, TrackState]:
        """Return the last state kept of devices before a moment given for each."""
        return checkpoints.find_checkpoints(self._conn, lates)

    def drop_checkpoints(self, lates: Mapping[int, int]) -> None:
        """Drop what a fix at a moment given for each device has made untrue."""
        checkpoints.drop_checkpoints(self._conn, lates)

    def list_visits(self, confirmed_since: Mapping[int, int]) -> dict[int, list[Published]]:
        """Return devices' visits confirmed at a moment given for each, or later."""
        return visits.list_visits(self._conn, confirmed_since)

    def record_revisions(
        self, revised: Sequence[tuple[int, Published, bool]], *, why: Reason, known_at: int
    ) -> None:
        """Keep what was said before of visits that are said otherwise now."""
        visits.record_revisions(self._conn, revised, why=why, known_at=known_at)

    def withdraw_visits(self, gone: Sequence[tuple[int, Published]]) -> None:
        """Remove visits that have been shown never to have been."""
        visits.withdraw_visits(self._conn, [one.id for _, one in gone])

    def save_visits(
        self, zones: Mapping[str, Zone], found: Sequence[tuple[int, Published]]
    ) -> None:
        """Write visits of devices under their identities."""
        visits.save_visits(self._conn, zones, found)
