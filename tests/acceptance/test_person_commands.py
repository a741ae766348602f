"""What is kept of a driver, by the commands an administrator types."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from border import KEYS, SECRET, Border, after, border
from command_line import run_command

from flowctl.registry.documents import Paper, keep_document
from flowctl.registry.sealed import Sealing
from flowctl.registry.trips import cancel
from flowctl.storage.documents import Owner


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def run(database: str, *arguments: str, typed: str | None = None, refused: bool = False) -> str:
    env = {"FLOWCTL_SECRET": SECRET.get_secret_value(), "FLOWCTL_DATABASE_URL": database}
    done = run_command(*arguments, env=env, typed=typed, code=int(refused))
    return done.stderr if refused else done.stdout


def acts(place: Border) -> list[str]:
    return [act for (act,) in place.conn.execute("select act from audit order by id").fetchall()]


def test_a_driver_is_found_handed_out_and_erased_once_his_trip_ended(
    lang_son: Border, database: str
):
    trip = lang_son.trip(
        phone="+84903123456", driver_name="Nguyễn Văn Ánh", licence="790123456789", consent=True
    )
    table = run(database, "person", "find", typed="0903 123 456\n")
    assert "12C00001" in table
    assert "Nguyễn" not in table
    assert "+84" not in table
    [(person,)] = lang_son.conn.execute("select id from drivers").fetchall()
    assert run(database, "person", "find", "--plate", "12C-000.01").count("12C00001") == 1
    own = json.loads(run(database, "person", "export", str(person)))
    assert (own["phone"], own["declarations"][0]["driver_name"]) == (
        "+84903123456",
        "Nguyễn Văn Ánh",
    )
    running = run(database, "person", "erase", str(person), "--yes", refused=True)
    assert f"The trip {trip} of this driver runs" in running
    with lang_son.conn.transaction():
        cancel(lang_son.conn, lang_son.site, trip, by="the test", now=after(5))
    run(database, "person", "erase", str(person), typed="n\n", refused=True)
    assert "1 trip without him now" in run(database, "person", "erase", str(person), typed="y\n")
    gone = json.loads(run(database, "person", "export", str(person)))
    assert (gone["phone"], gone["declarations"][0]["driver_name"]) == (None, None)
    assert acts(lang_son)[-2:] == ["person.erase", "person.export"]
    assert "no person 4711" in run(database, "person", "export", "4711", refused=True)


def test_documents_that_no_scanner_could_look_into_are_scanned_again(
    lang_son: Border, database: str
):
    assert "0 documents are" in run(database, "document", "rescan")
    sealing = Sealing(KEYS, uuid4())
    sealing.add(b"%PDF-1.7 an invoice")
    with lang_son.conn.transaction():
        keep_document(
            lang_son.conn,
            KEYS,
            "lang_son",
            Owner(trip_id=lang_son.trip()),
            sealing.finish(),
            kind=Paper.INVOICE,
            name="a.pdf",
            said_type="",
            by="viettrans",
            now=after(0),
        )
    lang_son.conn.execute("update documents set state = 'unscannable', scans = 5")
    assert "1 document is scanned again" in run(database, "document", "rescan")
    rows = lang_son.conn.execute("select state, scans from documents").fetchall()
    assert rows == [("unscanned", 0)]
    assert acts(lang_son) == ["document.rescan"]
