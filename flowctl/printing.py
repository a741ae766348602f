"""The order on paper every hour, by a process of its own: no tick waits for its sheets."""

import multiprocessing
import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import SpawnProcess
from pathlib import Path

import psycopg
import structlog

from flowctl.errors import FlowctlError
from flowctl.ledger_key import read_key
from flowctl.paper.order import PARAMS
from flowctl.paper_files import drop_old_sheets, gates_fed, write_sheets
from flowctl.storage.connections import connect
from flowctl.storage.paper import find_newest_order, make_orders
from flowctl.storage.sites import get_site

_log = structlog.get_logger()
_EVERY = timedelta(seconds=PARAMS.every_s)


@dataclass(frozen=True, slots=True)
class Press:
    """What printing needs: where the orders are read, signed with what, and written."""

    database_url: str
    site: str
    directory: Path
    key_file: Path | None


def print_orders(press: Press, now: datetime) -> None:
    """Make the orders of all gates as of ``now``, and write their sheets; old ones go.

    Orders that were made of that moment already are only written.

    Raises
    ------
    OSError
        The directory cannot be written; the orders stand, only their files are missing.
    """
    key = None if press.key_file is None else read_key(press.key_file)
    with connect(press.database_url, autocommit=True) as conn:
        site = get_site(conn, press.site, now)
        gates = gates_fed(site)
        newest = {gate: find_newest_order(conn, site, gate) for gate in gates}
        known = {
            gate: one
            for gate, one in newest.items()
            if one is not None and one.order.made_at == now
        }
        made = make_orders(conn, site, [gate for gate in gates if gate not in known], key, now=now)
    for one in (*known.values(), *made):
        write_sheets(press.directory, site, one, None)
    drop_old_sheets(press.directory, site, now)


def _run(press: Press, now: datetime, answer: Pipe) -> None:
    """Print in a process of its own, and say what went wrong."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, who waits
    try:
        print_orders(press, now)
    except (OSError, psycopg.Error, FlowctlError) as error:
        answer.send(str(error).strip())
    else:
        answer.send(None)


@dataclass(slots=True)
class Printing:
    """Has the orders printed every hour, where there is a directory for them.

    What could not be printed is tried again at the next step. A process that outlives this one, for
    it was killed, ends by itself when the sheets are written.
    """

    press: Press | None
    due_at: datetime | None = None
    _unprinted: datetime | None = None
    _running: SpawnProcess | None = None
    _answer: Pipe | None = None

    def step(self, now: datetime) -> None:
        """Begin to print if it is time; returns at once."""
        if self.press is None or (self._running is not None and self._running.is_alive()):
            return
        self.finish()
        # A clock set back prints at once.
        if self.due_at is None or not self.due_at - _EVERY <= now < self.due_at:
            self.due_at, self._unprinted = now + _EVERY, now
        if self._unprinted is not None:
            self._begin(self.press, self._unprinted)

    def finish(self) -> None:
        """Wait for what is being printed, and take in what became of it."""
        if self._running is None or self._answer is None:
            return
        self._running.join()
        try:
            reason = self._answer.recv() if self._answer.poll() else "the process was ended"
        except EOFError:
            reason = f"the process ended with {self._running.exitcode}"
        self._answer.close()
        self._running = self._answer = None
        if reason is None:
            self._unprinted = None
        else:
            _log.error("orders not printed", reason=reason)

    def _begin(self, press: Press, now: datetime) -> None:
        # Not forked: threads and connections of this process are nothing for a copy of it.
        context = multiprocessing.get_context("spawn")
        self._answer, theirs = context.Pipe(duplex=False)
        self._running = context.Process(target=_run, args=(press, now, theirs), name="printing")
        self._running.start()
        theirs.close()
