"""Documents are looked into by a scanner before anybody is given them: ClamAV's daemon.

It is spoken with by its own protocol (``zINSTREAM``: pieces with their length before them, and an
empty one at the end). What it cannot be asked while it is away waits; what it was asked and said
nothing of is asked again later, and shut for good after the last try.
"""

import socket
import struct
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from urllib.parse import urlsplit

import psycopg
import structlog

from flowctl.clock import Clock, clock
from flowctl.errors import FlowctlError, UnavailableError
from flowctl.registry.documents import DocumentState
from flowctl.registry.keys import Keys, derive_keys
from flowctl.registry.sealed import open_parts
from flowctl.settings import Settings
from flowctl.storage import documents as stored
from flowctl.storage.audit import By, add_record
from flowctl.storage.connections import connect
from flowctl.storage.documents import Connection, Unscanned

_log = structlog.get_logger()
_PIECE_BYTES = 1 << 16
_LONGEST_ANSWER = 4096
_LONGEST_FINDING = 200
_LOOK_EVERY_S = 1.0
_AWAY_S = 5.0


@dataclass(frozen=True, slots=True)
class ScanParams:
    """How documents are scanned; assumed.

    The n-th retry waits ``first_retry_s`` · ``growth``ⁿ: 10 s, 1 min, 6 min, 36 min. A scanner has
    ``timeout_s`` to answer; what nobody ended within ``lease_s`` is tried again.
    """

    first_retry_s: float = 10.0
    growth: float = 6.0
    attempts: int = 5
    timeout_s: float = 60.0
    lease_s: float = 180.0


PARAMS = ScanParams()


def find_virus(address: str, content: bytes, *, timeout_s: float = PARAMS.timeout_s) -> str | None:
    """Return the name of the virus a scanner finds in a document; None where it is clean.

    Raises
    ------
    UnavailableError
        The scanner takes no call.
    FlowctlError
        It broke off, or did not say whether the document is clean.
    """
    with _connected(address, timeout_s) as line:
        try:
            line.sendall(b"zINSTREAM\0")
            for begin in range(0, len(content), _PIECE_BYTES):
                piece = content[begin : begin + _PIECE_BYTES]
                line.sendall(struct.pack("!I", len(piece)) + piece)
            line.sendall(struct.pack("!I", 0))
            said = _answer(line)
        except OSError as error:
            raise FlowctlError(f"The scanner broke off: {error}.") from error
    if said == "stream: OK":
        return None
    if said.startswith("stream: ") and said.endswith(" FOUND"):
        return said.removeprefix("stream: ").removesuffix(" FOUND")[:_LONGEST_FINDING]
    raise FlowctlError(f"The scanner said: {said[:_LONGEST_FINDING] or 'nothing'}.")


@contextmanager
def _connected(address: str, timeout_s: float) -> Iterator[socket.socket]:
    parts = urlsplit(address)
    try:
        if parts.hostname is None:
            line = socket.socket(socket.AF_UNIX)
            line.settimeout(timeout_s)
            line.connect(parts.path)
        else:
            line = socket.create_connection((parts.hostname, parts.port or 0), timeout_s)
    except (OSError, ValueError) as error:
        raise UnavailableError(f"The scanner at {address} takes no call: {error}.") from error
    with line:
        yield line


def _answer(line: socket.socket) -> str:
    said = b""
    while not said.endswith(b"\0") and len(said) < _LONGEST_ANSWER:
        more = line.recv(_LONGEST_ANSWER)
        if not more:
            break
        said += more
    return said.rstrip(b"\0\n").decode(errors="replace")


def scan_due(
    conn: Connection,
    keys: Keys,
    address: str,
    *,
    site: str,
    wall_now: datetime,
    now: datetime,
    params: ScanParams = PARAMS,
) -> bool:
    """Have the document looked into that has waited longest; tells whether there was any.

    ``conn`` is in autocommit mode and outside a transaction: none is open while the scanner works.
    An infected document is destroyed; that there was one, and what was found, stays known.

    Raises
    ------
    UnavailableError
        The scanner takes no call; the document waits on, and this was no try.
    """
    until = wall_now + timedelta(seconds=params.lease_s)
    due = stored.claim_unscanned(conn, site, wall_now=wall_now, until=until)
    if due is None:
        return False
    try:
        content = open_parts(keys, due.id, due.data_key, stored.list_parts(conn, due.id))
        virus = find_virus(address, content, timeout_s=params.timeout_s)
    except UnavailableError:
        stored.give_back(conn, due, wall_now=wall_now)
        raise
    except FlowctlError as error:
        _retry(conn, due, str(error), wall_now, params)
        return True
    if virus is None:
        stored.pass_document(conn, due.id)
        return True
    _log.warning("document infected", document=str(due.id), finding=virus)
    with conn.transaction():
        stored.erase_documents(conn, [due.id], state=DocumentState.INFECTED, finding=virus)
        add_record(
            conn,
            site,
            By("flowctl", "machine", None),
            act="document.infected",
            subject=f"document:{due.id}",
            before=None,
            after={"finding": virus, "trip": due.trip_id},
            at=now,
        )
    return True


def _retry(
    conn: Connection, due: Unscanned, trouble: str, wall_now: datetime, params: ScanParams
) -> None:
    wait_s = params.first_retry_s * params.growth ** (due.scans - 1)
    until = None if due.scans >= params.attempts else wall_now + timedelta(seconds=wait_s)
    stored.postpone_scan(conn, due.id, trouble[:_LONGEST_FINDING], until=until)
    _log.warning("scan failed", document=str(due.id), reason=trouble, next_try=str(until))


@contextmanager
def scanning(settings: Settings) -> Iterator[Future[None]]:
    """Scan documents in a thread of their own, so that no scanner holds up a driver's message.

    Yields its end, which comes before its time where something is wrong.
    """
    stop = Event()
    with ThreadPoolExecutor(1, "scanner") as pool:
        running = pool.submit(_scan, settings, stop)
        try:
            yield running
        finally:
            stop.set()


def _scan(settings: Settings, stop: Event) -> None:
    keys, domain = derive_keys(settings.secret, settings.old_secrets), clock(settings.clock_file)
    while settings.scanner is not None and not stop.is_set():
        try:
            with connect(settings.database_url, autocommit=True) as conn:
                _scan_while(conn, keys, settings.scanner, settings.site, domain, stop)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            _log.warning("documents wait for the database", reason=str(error).strip())
            stop.wait(_AWAY_S)
    stop.wait()


def _scan_while(
    conn: Connection, keys: Keys, address: str, site: str, domain: Clock, stop: Event
) -> None:
    """Work with one connection until asked to stop, or until it breaks."""
    away = False
    while not stop.is_set():
        wall_now = datetime.now(UTC)
        try:
            found = scan_due(conn, keys, address, site=site, wall_now=wall_now, now=domain.now())
        except UnavailableError as error:
            if not away:
                _log.warning("documents wait for the scanner", reason=str(error))
            away = True
            stop.wait(_AWAY_S)
            continue
        if found and away:
            _log.info("the scanner is back")
            away = False
        if not found:
            stop.wait(_LOOK_EVERY_S)
