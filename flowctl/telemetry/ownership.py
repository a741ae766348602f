"""Which partitions a worker holds, and how it keeps, shares and loses them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from flowctl.storage import leases as stored
from flowctl.storage.connections import Connection, connect, prolonging
from flowctl.storage.leases import Lease, Step
from flowctl.telemetry.fixes import PARTITIONS, instant

LEASE_S = 6.0
"""How long a lease lasts by itself; with `KEEP_S` it bounds how long a dead worker is missed."""
KEEP_S = 1.5
"""How often leases are prolonged, and others' are looked at."""
LONGEST_STEP_S = 60.0
"""A worker whose step takes longer hangs: its leases are left to run out."""


class LostPartitionError(Exception):
    """Another worker has taken a partition: what was done here must not count."""


@dataclass(slots=True)
class Ownership:
    """The leases of one worker, known to others by its name."""

    conn: Connection
    name: str
    leases: dict[int, Lease] = field(default_factory=dict)
    _kept_at: float = float("-inf")

    def is_due(self) -> bool:
        """Tell whether it is time to `keep` again."""
        return time.monotonic() - self._kept_at >= KEEP_S

    def keep(self) -> list[Lease]:
        """Prolong the leases, and move towards an equal share for every living worker.

        Returns
        -------
        list[Lease]
            What was taken now: it is the caller's to `begin` with, and not held before that.
        """
        self._kept_at = time.monotonic()
        with self.conn.transaction():
            living = stored.beat_worker(self.conn, self.name, ttl_s=LEASE_S)
            held = stored.renew_leases(self.conn, self.name, ttl_s=LEASE_S)
            stored.end_expired_sessions(self.conn)
        self.leases = {p: one for p, one in self.leases.items() if held.get(p) == one.epoch}
        # Held by our name but not in our memory: where to go on there is not known.
        strange = [p for p in held if p not in self.leases]
        share = -(-PARTITIONS // max(1, living))
        surplus = sorted(self.leases)[share:]
        for partition in surplus:
            del self.leases[partition]
        with self.conn.transaction():
            stored.give_back_leases(self.conn, self.name, surplus + strange)
            most = max(0, share - len(self.leases))
            return stored.take_leases(self.conn, self.name, most=most, ttl_s=LEASE_S)

    @contextmanager
    def prolonged(
        self, database_url: str, *, longest_step_s: float = LONGEST_STEP_S
    ) -> Iterator[None]:
        """Let leases outlast steps that take so long that `keep` is overdue.

        Without it two workers under load would take each other's partitions for ever: whoever
        takes one up looks up more than before, and is still at it when the lease runs out.
        """
        with prolonging(
            "partitions",
            lambda conn: self._prolong(conn, longest_step_s),
            lambda: connect(database_url, autocommit=True),
            every_s=KEEP_S,
        ):
            yield

    def _prolong(self, conn: Connection, longest_step_s: float) -> None:
        if KEEP_S < time.monotonic() - self._kept_at < longest_step_s:
            with conn.transaction():
                stored.beat_worker(conn, self.name, ttl_s=LEASE_S)
                stored.renew_leases(conn, self.name, ttl_s=LEASE_S)

    def begin(self, taken: Sequence[Lease]) -> None:
        """Hold what was taken."""
        self.leases.update({lease.partition: lease for lease in taken})

    def advance(self, until: Mapping[int, str], newest_us: Mapping[int, int]) -> None:
        """Move positions in the running transaction; `moved` is told once it has committed.

        Parameters
        ----------
        until
            The last entry taken in, by partition; its present position where there was none.
        newest_us
            The newest moment stored, microseconds since 1970, by partition.

        Raises
        ------
        LostPartitionError
            A partition is not ours any more.
        """
        steps = [
            Step(
                partition,
                self.leases[partition].epoch,
                self.leases[partition].last_id,
                last_id,
                instant(newest_us[partition]) if partition in newest_us else None,
            )
            for partition, last_id in until.items()
        ]
        if not stored.advance(self.conn, steps):
            raise LostPartitionError

    def moved(self, until: Mapping[int, str]) -> None:
        """Go on from here."""
        for partition, last_id in until.items():
            self.leases[partition] = replace(self.leases[partition], last_id=last_id)

    def drop(self) -> None:
        """Let go of all partitions, but go on living."""
        with self.conn.transaction():
            stored.give_back_leases(self.conn, self.name, list(self.leases))
        self.leases.clear()

    def leave(self) -> None:
        """End in good order: others may take the partitions at once."""
        with self.conn.transaction():
            stored.leave(self.conn, self.name)
        self.leases.clear()
