"""The ledger by its commands: verified, attacked by the owner of the database, signed, exported."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from border import MORNING, Border, after, border
from command_line import run_command

from flowctl.ledger.chain import genesis, link
from flowctl.ledger.codes import code_of
from flowctl.ledger.entries import Entry, Kind
from flowctl.storage.ledger import _copy, append, find_head

SITE = "lang_son"


class Shell:
    """Runs ledger commands against one database."""

    def __init__(self, database: str, key: Path, site: str = SITE) -> None:
        self.database, self.key, self.site = database, key, site

    def run(self, *arguments: str, code: int = 0) -> str:
        """Return what a command said: on standard output, or on standard error where it fails."""
        env = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": self.database,
            "FLOWCTL_SITE": self.site,
            "FLOWCTL_LEDGER_KEY_FILE": str(self.key),
        }
        done = run_command("ledger", *arguments, env=env, code=code)
        return done.stdout if code == 0 else done.stderr


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


@pytest.fixture
def shell(database: str, tmp_path: Path) -> Shell:
    made = Shell(database, tmp_path / "key")
    assert made.run("key", str(made.key)).startswith("Public key: ")
    return made


def record(place: Border, n: int = 6) -> str:
    """Record so many slots told, and return the code of the third."""
    trip = place.trip()
    codes = []
    for i in range(n):
        with place.conn.transaction():
            entry = Entry(Kind.SLOT_CHANGED, after(i), trip, "tan_thanh", "capacity")
            head = append(place.conn, SITE, "default", [entry], now=after(i))
        assert head is not None
        codes.append(code_of(head.hash))
    return codes[2]


@contextmanager
def unguarded(owner_url: str) -> Iterator[psycopg.Connection]:
    """Yield a connection as somebody who owns the database, whom no trigger stops."""
    with psycopg.connect(owner_url) as conn:
        conn.execute("set session_replication_role = replica")
        yield conn


def rewrite(conn: psycopg.Connection) -> None:
    """Write the ledger anew as its owner can, with other reasons and every hash made to fit."""
    head = find_head(conn, SITE)
    assert head is not None
    [(subject,)] = conn.execute("select subject::text from trips")
    begin = type(head)(SITE, 0, genesis(SITE), MORNING)
    entries = [Entry(Kind.SLOT_CHANGED, after(i), 1, "tan_thanh", "eta") for i in range(head.seq)]
    forged = link(begin, entries, policy="default", subjects={1: subject}, now=MORNING)
    conn.execute("delete from ledger")
    _copy(conn, forged)
    conn.execute("update ledger_heads set hash = %s", [forged[-1].hash])


def test_a_whole_ledger_is_said_to_be_whole_with_its_code(place: Border, shell: Shell):
    code = record(place)
    head = find_head(place.conn, SITE)
    assert head is not None
    said = shell.run("verify", "--against", f"{code[:4]}-{code[4:].lower()}")
    assert f"is whole: {head.seq} rows up to row {head.seq}, code {code_of(head.hash)}" in said
    assert "It agrees with 1 kept outside." in said


def test_an_empty_ledger_is_no_fault(shell: Shell):
    elsewhere = Shell(shell.database, shell.key, "elsewhere")
    assert "holds nothing yet" in elsewhere.run("verify")
    assert "holds nothing yet" in elsewhere.run("head")
    assert "holds nothing yet to sign" in elsewhere.run("sign", code=1)


def test_a_row_the_owner_edits_is_named(place: Border, owner_url: str, shell: Shell):
    record(place)
    with unguarded(owner_url) as conn:
        conn.execute("update ledger set reason = 'priority' where seq = 4")
    assert "Row 4 (" in shell.run("verify", code=2)


def test_a_ledger_the_owner_writes_anew_is_found_by_an_old_code_and_by_an_old_head(
    place: Border, owner_url: str, shell: Shell, tmp_path: Path
):
    code = record(place)
    kept = tmp_path / "head.json"
    kept.write_text(shell.run("sign"))
    with unguarded(owner_url) as conn:
        rewrite(conn)
    assert "is not the one that the head in the database, signed" in shell.run("verify", code=2)
    with unguarded(owner_url) as conn:
        conn.execute("delete from ledger_signatures")
    assert "No signed head was there to check it against" in shell.run("verify")
    assert f"No row has the code {code}" in shell.run("verify", "--against", code, code=2)
    assert f"the head in {kept}" in shell.run("verify", "--against", str(kept), code=2)


def test_the_key_does_not_sign_what_was_written_anew(place: Border, owner_url: str, shell: Shell):
    record(place)
    shell.run("sign")
    with unguarded(owner_url) as conn:
        rewrite(conn)
    with place.conn.transaction():
        append(place.conn, SITE, "default", [Entry(Kind.PAPER, MORNING)], now=MORNING)
    assert "The ledger of lang_son is not signed. Row" in shell.run("sign", code=1)


def test_a_changed_signature_and_a_cut_tail_are_found(place: Border, owner_url: str, shell: Shell):
    record(place)
    shell.run("sign")
    with unguarded(owner_url) as conn:
        conn.execute("delete from ledger where seq > 4")
        conn.execute(
            "update ledger_heads h set seq = 4, hash = l.hash from ledger l where l.seq = 4"
        )
    assert "were cut off" in shell.run("verify", code=2)
    with unguarded(owner_url) as conn:
        conn.execute("update ledger_signatures set seq = 4")
    assert "does not bear its key's signature" in shell.run("verify", code=2)


def test_an_exported_ledger_is_verified_without_the_database(
    place: Border, shell: Shell, tmp_path: Path
):
    code = record(place)
    file = tmp_path / "ledger.ndjson"
    file.write_text(shell.run("show", "--since", "2020-01-01", "--json"))
    elsewhere = Shell("postgresql://nobody@127.0.0.1:1/none", shell.key)
    assert "is whole" in elsewhere.run("verify", "--file", str(file), "--against", code)
    text = file.read_text().replace('"reason":"capacity"', '"reason":"closure"', 1)
    file.write_text(text)
    assert "does not fit its hash" in elsewhere.run("verify", "--file", str(file), code=2)
    file.write_text("{}\n")
    assert "is no row of a ledger" in elsewhere.run("verify", "--file", str(file), code=1)


def test_what_a_trip_went_through_is_shown_uncut_in_a_pipe(place: Border, shell: Shell):
    record(place)
    with place.conn.transaction():
        entry = Entry(Kind.SLOT_CHANGED, MORNING, 1, details={"why": "w" * 300})
        append(place.conn, SITE, "default", [entry], now=MORNING)
    said = shell.run("show", "--trip", "1")
    assert said.count("slot_changed") == 7
    assert "capacity" in said
    assert "w" * 300 in said


@pytest.mark.usefixtures("place")
def test_a_trip_or_a_time_of_which_the_ledger_says_nothing_is_told(shell: Shell):
    for trip in ("999999", "-1"):
        assert f"nothing of a trip {trip}" in shell.run("show", "--trip", trip, code=1)
    assert not shell.run("show", "--since", "2100-01-01")


def test_heads_in_the_database_by_another_key_do_not_stand_for_the_sites(
    place: Border, shell: Shell, tmp_path: Path
):
    record(place)
    shell.run("sign")
    ours = Shell(shell.database, tmp_path / "ours")
    made = ours.run("key", str(ours.key)).split()[-1]
    said = ours.run("verify", code=2)
    assert "The head in the database, signed at" in said
    assert f"which is not the site's {made}" in said
    assert f"site's {'0' * 64}" in shell.run("verify", "--key", "0" * 64, code=2)
    assert "is no public key" in shell.run("verify", "--key", "deadbeef", code=1)
    record(place, 3)
    ours.run("sign")
    assert "It agrees with 1 signed head, the newest" in ours.run("verify")


def test_erasing_a_person_leaves_the_ledger_whole(place: Border, shell: Shell):
    record(place)
    place.conn.execute("truncate outbox, slots, trips, drivers cascade")
    assert "is whole" in shell.run("verify")


def test_a_code_misread_is_not_taken_for_a_forged_ledger(place: Border, shell: Shell):
    code = record(place)
    wrong = ("0" if code[0] != "0" else "1") + code[1:]
    assert "A letter of the code" in shell.run("verify", "--against", wrong, code=1)
