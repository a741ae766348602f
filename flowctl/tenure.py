"""Being the one controller of a site: taken, prolonged, checked in each transaction, left.

Two may believe that they are it, for one was paused or cut off; only one can write, for each
transaction that decides locks the epoch it began in (`flowctl.storage.epochs`).
"""

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from flowctl.errors import FlowctlError
from flowctl.patience import Patience
from flowctl.storage import epochs
from flowctl.storage.connections import Connection, connect, prolonging

LEASE_S = 4.0
"""How long a site is held by itself; with `LOOK_S` it bounds how long nobody decides."""
KEEP_S = 1.0
LOOK_S = 0.5
"""How often one that waits looks whether the site is free."""
LONGEST_ROUND_S = 120.0
"""A controller whose round takes longer hangs: its lease is left to run out."""


class LostTenureError(FlowctlError):
    """Another controller has taken the site over: what was decided here must not count."""


@dataclass(slots=True)
class Tenure:
    """One process's claim to control a site, under a name that others may end its sessions by."""

    database_url: str
    site: str
    name: str = field(
        default_factory=lambda: f"{socket.gethostname()[:24]}-{os.getpid()}-{secrets.token_hex(3)}"
    )
    epoch: int = 0
    """The one we hold or last held; 0 before the first."""
    patience: Patience = field(default_factory=Patience)
    """With the database; whatever it did for us begins it anew."""
    _lost: bool = False
    _round_at: float = 0.0

    def connect(self) -> Connection:
        """Return a connection whose session the next controller can end."""
        return connect(self.database_url, autocommit=True, name=f"{epochs.APPLICATION}{self.name}")

    def take(self, conn: Connection) -> bool:
        """Take the site where nobody holds it; tells whether we hold it now.

        Raises
        ------
        LostTenureError
            We held it, and another has it now.
        """
        with conn.transaction():
            epochs.end_expired_sessions(conn, self.site)
        with conn.transaction():
            taken = epochs.take_epoch(conn, self.site, self.name, ttl_s=LEASE_S)
        if taken is not None:
            self.epoch, self._lost = taken, False
        elif self.epoch and not self._is_ours(conn):
            raise self._lost_to(conn)
        else:
            self.patience.reset()
        return taken is not None

    @contextmanager
    def deciding(self, conn: Connection) -> Iterator[None]:
        """Open a transaction that counts only while the site is ours.

        Raises
        ------
        LostTenureError
            It is not: nothing was written.
        """
        self.go_on(conn)
        with conn.transaction():
            if not epochs.lock_epoch(conn, self.site, self.epoch):
                raise self._lost_to(conn)
            yield
        self.patience.reset()

    def go_on(self, conn: Connection) -> None:
        """Begin another round, whether there is something to do in it or not.

        Raises
        ------
        LostTenureError
            The site was found to be another's.
        """
        self._round_at = time.monotonic()
        if self._lost:
            raise self._lost_to(conn)

    @contextmanager
    def prolonged(self, *, longest_round_s: float = LONGEST_ROUND_S) -> Iterator[None]:
        """Keep the site while the context lasts and no round of it takes longer than that."""
        self._round_at = time.monotonic()
        with prolonging(
            "the site",
            lambda conn: self._prolong(conn, longest_round_s),
            self.connect,
            every_s=KEEP_S,
        ):
            yield

    def _prolong(self, conn: Connection, longest_round_s: float) -> None:
        if time.monotonic() - self._round_at < longest_round_s:
            held = epochs.prolong_epoch(conn, self.site, self.epoch, ttl_s=LEASE_S)
            self._lost = self._lost or not held

    def leave(self, conn: Connection) -> None:
        """End in good order: another controller may take the site at once."""
        epochs.leave_epoch(conn, self.site, self.epoch)

    def _is_ours(self, conn: Connection) -> bool:
        """Tell whether it is, although a lost connection of ours still holds a transaction open."""
        now = epochs.find_epoch(conn, self.site)
        return now is not None and now.holder == self.name

    def _lost_to(self, conn: Connection) -> LostTenureError:
        now = epochs.find_epoch(conn, self.site)
        whose = "nobody" if now is None else f"{now.holder or 'nobody'} in epoch {now.number}"
        return LostTenureError(
            f"Another controller has taken {self.site} over: it was ours in epoch {self.epoch} and"
            f" is held by {whose}. What was not committed here counts for nothing; start this"
            " controller again, and it waits for its turn."
        )
