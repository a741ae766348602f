"""Documents pass a scanner that speaks as ClamAV's daemon does, or nobody is given them."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from api_server import RunningApi
from border import KEYS, SECRET, Border, after, border

from flowctl.errors import FlowctlError, UnavailableError
from flowctl.notify.scanning import PARAMS, find_virus, scan_due, scanning
from flowctl.registry.accounts import Role
from flowctl.registry.documents import Paper, keep_document
from flowctl.registry.sealed import Sealing
from flowctl.settings import Settings
from flowctl.storage.documents import Owner, find_document, list_parts, rescan

WALL = datetime(2026, 1, 5, 8, tzinfo=UTC)
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GOOD = b"%PDF-1.7\n" + b"good " * 50_000
BAD = b"%PDF-1.7\n" + b"bad " * 50_000 + EICAR


@dataclass
class Scanner:
    """A daemon: says what it finds, or what it is told to say; None: hangs up."""

    address: str = ""
    says: list[str | None] = field(default_factory=list)
    scanned: list[bytes] = field(default_factory=list)


class _Call(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        scanner: Scanner = self.server.scanner  # type: ignore[attr-defined]
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(length)
        scanner.scanned.append(content)
        said = "stream: Eicar-Test-Signature FOUND" if EICAR in content else "stream: OK"
        answer = scanner.says.pop(0) if scanner.says else said
        if answer is not None:
            self.wfile.write(answer.encode() + b"\0")


@contextmanager
def listening(server: socketserver.BaseServer, address: str) -> Iterator[Scanner]:
    scanner = Scanner(address)
    server.scanner = scanner  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield scanner
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def scanner() -> Iterator[Scanner]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Call)
    with listening(server, f"clamd://127.0.0.1:{server.server_address[1]}") as one:
        yield one


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def document(place: Border, content: bytes = GOOD, *, minute: float = 0) -> UUID:
    """Add a document to a new trip; returns its id."""
    sealing = Sealing(KEYS, uuid4())
    sealing.add(content)
    with place.conn.transaction():
        kept, _ = keep_document(
            place.conn,
            KEYS,
            "lang_son",
            Owner(trip_id=place.trip()),
            sealing.finish(),
            kind=Paper.INVOICE,
            name="a.pdf",
            said_type="",
            by="viettrans",
            now=after(minute),
        )
    return kept


def scan(place: Border, address: str, wall_now: datetime = WALL) -> bool:
    return scan_due(place.conn, KEYS, address, site="lang_son", wall_now=wall_now, now=after(5))


def state(place: Border, one: UUID) -> tuple[str, str | None]:
    row = find_document(place.conn, "lang_son", one)
    assert row is not None
    return row.state, row.finding


def test_a_clean_document_passes_and_an_infected_one_is_destroyed(
    lang_son: Border, scanner: Scanner
):
    good, bad = document(lang_son, GOOD), document(lang_son, BAD, minute=1)
    assert [scan(lang_son, scanner.address) for _ in range(3)] == [True, True, False]
    assert scanner.scanned == [GOOD, BAD]
    assert state(lang_son, good) == ("clean", None)
    assert state(lang_son, bad) == ("infected", "Eicar-Test-Signature")
    assert list_parts(lang_son.conn, bad) == []
    row = find_document(lang_son.conn, "lang_son", bad)
    assert row is not None
    assert row.data_key is row.name_cipher is row.digest is None
    said = lang_son.conn.execute("select act, account, after->>'finding' from audit").fetchall()
    assert said == [("document.infected", "flowctl", "Eicar-Test-Signature")]


def test_a_scanner_behind_a_unix_socket_is_asked_as_well(tmp_path: Path):
    path = str(tmp_path / "clamd.ctl")
    server = socketserver.ThreadingUnixStreamServer(path, _Call)
    with listening(server, f"clamd://{path}") as one:
        assert find_virus(one.address, GOOD) is None
        assert find_virus(one.address, BAD) == "Eicar-Test-Signature"


@pytest.mark.parametrize("said", [None, "INSTREAM size limit exceeded. ERROR", "stream: maybe"])
def test_what_a_scanner_does_not_say_clearly_is_not_clean(scanner: Scanner, said: str | None):
    scanner.says = [said]
    with pytest.raises(FlowctlError, match="scanner"):
        find_virus(scanner.address, GOOD)


def test_a_scan_that_fails_is_tried_again_later_and_has_an_end(lang_son: Border, scanner: Scanner):
    one = document(lang_son)
    wall, tries = WALL, 0
    scanner.says = ["stream: broken ERROR"] * 20
    for _ in range(20):
        tries += scan(lang_son, scanner.address, wall)
        assert not scan(lang_son, scanner.address, wall), "not at once"
        wall += timedelta(hours=1)
    assert tries == PARAMS.attempts
    assert state(lang_son, one) == ("unscannable", "The scanner said: stream: broken ERROR.")
    scanner.says = []
    assert rescan(lang_son.conn, "lang_son") == 1
    assert scan(lang_son, scanner.address, wall)
    assert state(lang_son, one) == ("clean", None)


def test_while_the_scanner_is_away_documents_wait_and_no_try_is_spent(
    lang_son: Border, scanner: Scanner
):
    one = document(lang_son)
    for _ in range(PARAMS.attempts + 1):
        with pytest.raises(UnavailableError, match="takes no call"):
            scan(lang_son, "clamd://127.0.0.1:1")
    assert state(lang_son, one) == ("unscanned", None)
    assert scan(lang_son, scanner.address)
    assert state(lang_son, one) == ("clean", None)


def test_of_two_processes_one_scans_a_document(lang_son: Border, scanner: Scanner, database: str):
    document(lang_son)
    with psycopg.connect(database) as other, other.transaction():
        other.execute("select from documents for update")
        assert not scan(lang_son, scanner.address)
    assert scan(lang_son, scanner.address)


def test_the_process_of_messages_scans_what_comes(
    lang_son: Border, scanner: Scanner, database: str
):
    one = document(lang_son)
    with scanning(Settings(database_url=database, secret=SECRET, scanner=scanner.address)):
        for _ in range(200):
            if state(lang_son, one)[0] == "clean":
                break
            threading.Event().wait(0.05)
    assert state(lang_son, one) == ("clean", None)


def test_where_there_is_a_scanner_nobody_is_given_what_it_did_not_pass(
    api: RunningApi, scanner: Scanner
):
    app_settings = api.app.state.settings
    api.app.state.settings = app_settings.model_copy(update={"scanner": scanner.address})
    officer = api.person(Role.OFFICER)
    good, bad = document(api.border), document(api.border, BAD, minute=1)
    for one in (good, bad):
        answer = officer.get(f"/v1/documents/{one}")
        assert answer.json()["type"] == "urn:flowctl:document_unscanned"
        assert answer.status_code == 409
    while scan(api.border, scanner.address):
        pass
    assert officer.get(f"/v1/documents/{good}").content == GOOD
    answer = officer.get(f"/v1/documents/{bad}")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:flowctl:document_infected")
    api.border.conn.execute("update documents set state = 'unscannable' where id = %s", [good])
    answer = officer.get(f"/v1/documents/{good}")
    assert answer.json()["type"] == "urn:flowctl:document_unscannable"


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:3310", "clamd://host", "clamd://", "clamd://host:3310/x", "clamav"]
)
def test_an_address_that_is_no_scanners_is_refused_at_the_start(address: str):
    with pytest.raises(ValueError, match="scanner"):
        Settings(secret=SECRET, scanner=address)
