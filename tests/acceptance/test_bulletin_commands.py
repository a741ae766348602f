"""The daily bulletin by the commands an officer's clerk types."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pypdfium2
import pytest
from border import Border, after, border
from command_line import run_command

from flowctl.clock import ClockWriter

EVENING = datetime(2024, 1, 23, 13, 20, tzinfo=UTC)  # 20:20 at the gates
MAIL = {
    "FLOWCTL_MAIL_URL": "smtp://127.0.0.1:9",
    "FLOWCTL_MAIL_FROM": "gate@example.org",
    "FLOWCTL_BULLETIN_TO": "one@example.org",
}


class Clerk:
    """Runs the bulletin's commands at a border, at a moment of its own."""

    def __init__(self, place: Border, database: str, folder: Path) -> None:
        self.place = place
        self.folder = folder
        self._env = {
            "FLOWCTL_SECRET": "s" * 32,
            "FLOWCTL_DATABASE_URL": database,
            "FLOWCTL_CLOCK_FILE": str(folder / "clock"),
        }
        self.now(EVENING)

    def now(self, moment: datetime) -> None:
        ClockWriter(self.folder / "clock", start=moment, speed=1.0)

    def run(self, *arguments: str, refused: bool = False, **env: str) -> str:
        """Return what a command said, on standard error where it is to refuse."""
        done = run_command("bulletin", *arguments, env=self._env | env, code=int(refused))
        return done.stderr if refused else done.stdout

    def file(self, form: str, *arguments: str) -> bytes:
        """Return what a command wrote into a file."""
        out = self.folder / f"out.{form}"
        self.run("show", "2024-01-23", "--form", form, "--out", str(out), *arguments)
        return out.read_bytes()


@pytest.fixture
def clerk(database: str, tmp_path: Path) -> Iterator[Clerk]:
    """The evening of a day on which one truck came."""
    with border(database) as place:
        place.visit(place.trip(at=after(-60)), "yard_bao_nguyen", 10)
        yield Clerk(place, database, tmp_path)


def test_a_day_is_made_once_and_again_only_where_facts_changed(clerk: Clerk):
    assert clerk.run("make", "2024-01-23") == "2024-01-23: version 1 made.\n"
    assert clerk.run("make") == "2024-01-23: as it was made.\n", "without a day, the last one"
    clerk.place.visit(clerk.place.trip(at=after(-60)), "yard_bao_nguyen", 20)
    assert clerk.run("make") == "2024-01-23: version 2 made, 2 figures changed.\n"


def test_a_range_is_made_day_by_day_and_shown_as_a_sum(clerk: Clerk):
    clerk.now(EVENING.replace(day=25))
    said = clerk.run("make", "2024-01-23", "--until", "2024-01-25")
    assert said.splitlines() == [f"2024-01-{day}: version 1 made." for day in (23, 24, 25)]
    shown = json.loads(clerk.run("show", "2024-01-23", "--until", "2024-01-25", "--form", "json"))[
        "figures"
    ]
    assert (shown["day"], shown["until"]) == ("2024-01-23", "2024-01-25")
    [gate] = [one for one in shown["gates"] if one["gate"] == "tan_thanh"]
    assert (gate["arrived"], gate["waiting"]) == (1, 1)


def test_each_form_is_written_to_a_file_in_the_language_asked_for(clerk: Clerk):
    assert "新清" in clerk.file("csv", "--lang", "zh").decode("utf-8-sig")
    assert "出口过关" in clerk.file("html", "--lang", "zh").decode()
    book = openpyxl.load_workbook(io.BytesIO(clerk.file("xlsx", "--lang", "en")))
    assert book.sheetnames[0] == "Summary"
    page = pypdfium2.PdfDocument(clerk.file("pdf"))[0].get_textpage().get_text_bounded()
    assert "Bản tin ngày 23/01/2024" in page
    assert json.loads(clerk.file("json"))["day"] == "2024-01-23"


def test_a_folder_gets_the_file_under_its_own_name(clerk: Clerk):
    clerk.run("show", "--form", "html", "--lang", "en", "--out", str(clerk.folder))
    assert (clerk.folder / "lang_son_2024-01-23_en.html").exists()


def test_the_list_speaks_of_mail_only_where_somebody_gets_any(clerk: Clerk):
    clerk.run("make")
    plain = clerk.run("list")
    assert "2024-01-23" in plain
    assert "Mail" not in plain
    mailed = clerk.run("list", **MAIL)
    assert "goes out with the next look" in mailed
    update = "update bulletin_mails set attempts = 1, next_wall_at = '2026-01-01T05:00Z', "
    for change, said in (
        ("trouble = '550 no such person'", "again 2026-01-01 12:00: 550 no such person"),
        ("state = 'dead', trouble = 'refused'", "failed: refused"),
        ("state = 'sent', sent_wall_at = '2026-01-01T06:00Z'", "sent 2026-01-01 13:00"),
    ):
        clerk.place.conn.execute(update + change)
        assert said in clerk.run("list", **MAIL)


def test_it_is_sent_again_only_where_mail_is_set_up(clerk: Clerk):
    clerk.run("make")
    assert "FLOWCTL_MAIL_URL" in clerk.run("send", refused=True)
    assert "2024-01-23 goes out" in clerk.run("send", "2024-01-23", **MAIL)
    [(n,)] = clerk.place.conn.execute("select count(*) from bulletin_mails").fetchall()
    assert n == 2
    never = clerk.run("send", "2024-01-22", refused=True, **MAIL)
    assert "flowctl bulletin make 2024-01-22" in never


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("make", "2024-01-24"), "until 20:00"),
        (("show", "2999-01-01"), "until 20:00"),
        (("show", "2024-01-22"), "first day known is 2024-01-23"),
        (("show", "tomorrow"), "write it as 2024-01-23"),
        (("make", "2024-02-31"), "write it as 2024-01-23"),
        (("make", "2024-01-23", "--until", "2024-01-22"), "before it begins"),
        (("show", "2024-01-23", "--form", "doc"), "html, csv, xlsx, pdf, json"),
        (("show", "2024-01-23", "--lang", "fr"), "vi, zh, en"),
        (("show", "2024-01-23", "--form", "pdf", "--lang", "zh"), "Chinese"),
    ],
)
def test_what_cannot_be_made_is_refused_in_a_sentence(
    clerk: Clerk, asked: tuple[str, ...], said: str
):
    assert said in " ".join(clerk.run(*asked, refused=True).split())


def test_where_nothing_happened_there_is_nothing_to_show(database: str, tmp_path: Path):
    with border(database) as place:
        empty = Clerk(place, database, tmp_path)
        assert "nothing is known yet" in empty.run("show", "2024-01-23", refused=True)
        assert "2024" not in empty.run("list")
