"""The order on paper and webhooks by their commands, and every hour by the controller's step."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from border import MORNING, Border, after, border
from command_line import run_command

from flowctl.clock import ClockWriter
from flowctl.ledger_key import make_key
from flowctl.paper.sheet import check_sheet
from flowctl.printing import Press, Printing, print_orders


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as place:
        for count in range(3):
            trip = place.trip()
            place.visit(trip, "yard_bao_nguyen", 1 + count)
            place.tell(trip, after(60 + 15 * count))
        yield place


class Shell:
    """Runs commands against one database at a domain moment."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.key, self.clock = folder / "key", folder / "clock"
        make_key(self.key)
        self.at(after(30))

    def at(self, moment: datetime) -> None:
        ClockWriter(self.clock, start=moment, speed=1.0)

    def run(self, *arguments: str, code: int = 0, key: bool = True) -> str:
        """Return what a command said: on standard output, or on standard error where it fails."""
        environment = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": self.database,
            "FLOWCTL_CLOCK_FILE": str(self.clock),
        }
        if key:
            environment["FLOWCTL_LEDGER_KEY_FILE"] = str(self.key)
        done = run_command(*arguments, env=environment, code=code)
        return done.stdout if code == 0 else done.stderr


@pytest.fixture
def shell(database: str, tmp_path: Path) -> Shell:
    return Shell(database, tmp_path)


def test_an_order_is_printed_checked_and_entered(place: Border, shell: Shell, tmp_path: Path):
    said = shell.run("paper", "print", "--gate", "tan_thanh", "--to", str(tmp_path / "sheets"))
    sheets = sorted((tmp_path / "sheets").iterdir())
    assert len(sheets) == len(said.splitlines()) >= 2
    assert sheets[0].name == "2024-01-23_0830_tan_thanh.html"
    code = check_sheet(sheets[0].read_text(encoding="utf-8")).signed.code  # type: ignore[union-attr]
    assert f"The order {code} of tan_thanh is as it was signed" in shell.run(
        "paper", "verify", str(sheets[0])
    )
    text = sheets[0].read_text(encoding="utf-8")
    sheets[0].write_text(text.replace(">12C00001<", ">12C00007<"), encoding="utf-8")
    assert "12C00007" in shell.run("paper", "verify", str(sheets[0]), code=2)
    assert "somebody else made it" in shell.run(
        "paper", "verify", str(sheets[1]), "--key", "00" * 32, code=2
    )
    rows = tmp_path / "rows.csv"
    rows.write_bytes("\ufeffnumber;event;time;who\n1;released;08:40;Lan\n".encode())
    shell.at(after(120))
    assert "1 rows entered, 0 were known" in shell.run(
        "paper", "enter", str(rows), "--order", code.lower()
    )
    assert "0 rows entered, 1 were known" in shell.run("paper", "enter", str(rows), "--order", code)
    rows.write_text("number,event,time,who\n5,released,08:40,Lan\n")
    refused = shell.run("paper", "enter", str(rows), "--order", code, code=1)
    assert "Row 2: the number '5' is not in this order" in refused
    assert "is whole" in shell.run("ledger", "verify")
    assert place.conn.execute("select count(*) from releases").fetchone() == (1,)


def test_a_yard_that_is_not_there_and_a_file_that_is_no_sheet_are_named(
    place: Border, shell: Shell, tmp_path: Path
):
    to = ("--to", str(tmp_path / "sheets"))
    assert place.conn.execute("select count(*) from paper_orders").fetchone() == (0,)
    for wrong, said in (
        (("--yard", "yard_x"), "There is no yard 'yard_x'"),
        (("--gate", "gate_x"), "There is no gate 'gate_x'"),
        (("--yard", "yard_bao_nguyen", "--gate", "huu_nghi"), "feeds tan_thanh, not huu_nghi"),
    ):
        assert said in shell.run("paper", "print", *to, *wrong, code=1)
    assert place.conn.execute("select count(*) from paper_orders").fetchone() == (0,)
    nothing = tmp_path / "nothing.html"
    nothing.write_text("<html></html>")
    assert "no whole sheet" in shell.run("paper", "verify", str(nothing), code=2)
    nothing.write_bytes(b"\xff\xfe\x00")
    assert "not in UTF-8" in shell.run("paper", "verify", str(nothing), code=1)
    shell.run("paper", "print", *to, "--gate", "tan_thanh", key=False)
    [sheet, *_] = sorted((tmp_path / "sheets").iterdir())
    assert "no signature" in shell.run("paper", "verify", str(sheet), code=2)


def test_sheets_of_all_gates_are_there_every_hour_and_old_ones_go(
    place: Border, database: str, tmp_path: Path
):
    folder = tmp_path / "paper"
    make_key(tmp_path / "key")
    press = Press(database, place.site.id, folder, tmp_path / "key")
    printing = Printing(press)
    folder.mkdir()
    (folder / "note.html").write_text("somebody's own")
    for minute in (0, 30, 59, 60, 61):
        began = time.thread_time()
        printing.step(after(minute))
        assert time.thread_time() - began < 0.2, "a tick waits for no sheet"
        printing.finish()
    names = sorted(path.name for path in folder.iterdir())
    assert {name[:15] for name in names if name != "note.html"} == {
        "2024-01-23_0800",
        "2024-01-23_0900",
    }
    assert "2024-01-23_0900_huu_nghi.html" in names
    assert "2024-01-23_0900_tan_thanh_yard_bao_nguyen.html" in names
    assert not [name for name in names if name.endswith(".part")]
    print_orders(press, after(60 * 49 + 30))
    left = sorted(path.name for path in folder.iterdir())
    assert "note.html" in left
    assert not [name for name in left if name.startswith("2024-01-23_0")]
    assert [name for name in left if name.startswith("2024-01-25_09")]


def test_a_directory_that_cannot_be_written_is_tried_again_and_stops_nothing(
    place: Border, database: str, tmp_path: Path
):
    folder = tmp_path / "paper"
    folder.write_text("a file is in the way")
    printing = Printing(Press(database, place.site.id, folder, None))
    printing.step(after(0))
    printing.finish()
    made = place.conn.execute("select count(*) from paper_orders").fetchone()
    assert made is not None
    assert made[0] >= 2
    folder.unlink()
    printing.step(after(1))
    printing.finish()
    assert len(list(folder.iterdir())) >= 4
    assert place.conn.execute("select count(*) from paper_orders").fetchone() == made


def test_without_a_directory_nothing_is_printed(place: Border):
    Printing(None).step(MORNING)
    assert place.conn.execute("select count(*) from paper_orders").fetchone() == (0,)


def test_webhooks_are_added_listed_retried_and_removed(place: Border, shell: Shell):
    secret = shell.run("webhook", "add", "https://example.org/in").strip()
    assert secret.startswith("whsec_")
    assert "is a receiver already" in shell.run("webhook", "add", "https://example.org/in", code=1)
    assert "is not https" in shell.run("webhook", "add", "http://example.org/in", code=1)
    kept = place.conn.execute("select secret_cipher from webhooks").fetchone()
    assert kept is not None
    assert secret.encode() not in bytes(kept[0])
    shell.run("ledger", "sign")
    place.conn.execute("update webhook_deliveries set state = 'dead', trouble = 'it was away'")
    listed = shell.run("webhook", "list")
    assert "https://example.org/in" in listed
    assert "it was away" in listed
    assert shell.run("webhook", "retry").startswith("1 message is tried")
    assert "There is no webhook 99" in shell.run("webhook", "retry", "99", code=1)
    waits = place.conn.execute("select state, next_wall_at from webhook_deliveries").fetchone()
    assert waits is not None
    assert waits[0] == "waiting"
    assert abs(waits[1] - datetime.now(UTC)) < timedelta(minutes=5)
    shell.run("webhook", "remove", "1")
    assert "There is no webhook 1" in shell.run("webhook", "remove", "1", code=1)
