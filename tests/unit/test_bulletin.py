"""The bulletin's figures and forms: what a day came to, and how people read it."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import openpyxl
import pypdfium2
import pytest

from flowctl.bulletin.document import cell_text
from flowctl.bulletin.figures import (
    Change,
    Figures,
    GateDay,
    Incident,
    Journey,
    Seen,
    add_up,
    bounds,
    changes,
    check_range,
    count_gate,
    last_day,
)
from flowctl.bulletin.forms import write_bulletin
from flowctl.errors import FlowctlError
from flowctl.storage.bulletins import Bulletin

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = date(2024, 1, 23)
SINCE, TO = bounds(DAY, ZONE)
NAME = {"vi": "Tân Thanh", "zh": "新清", "en": "Tân Thanh"}
EVIL = '=HYPERLINK("http://x","đóng")<script>alert(1)</script>'


def at(hour: float, day: int = 23) -> datetime:
    return datetime(2024, 1, day, tzinfo=ZONE) + timedelta(hours=hour)


def journey(
    arrived: datetime | None,
    cleared: datetime | None = None,
    *,
    found: bool = False,
    left: datetime | None = None,
) -> Journey:
    return Journey("north", arrived, found, cleared, left)


def counted(
    *journeys: Journey,
    before: int | None = None,
    seen: Seen | None = None,
    from_nothing: bool = False,
) -> GateDay:
    return count_gate(
        "north",
        NAME,
        journeys,
        seen or Seen(),
        since=SINCE,
        to=TO,
        waiting_before=before,
        from_nothing=from_nothing,
    )


def figures(*gates: GateDay, day: date = DAY) -> Figures:
    since, to = bounds(day, ZONE)
    incident = Incident("closure", "north", at(9), None, EVIL)
    name = {"vi": "Lạng Sơn", "zh": "谅山", "en": "Lạng Sơn"}
    return Figures("lang_son", name, ZONE.key, day, day, since, to, gates, (incident,))


def test_a_day_runs_from_eight_in_the_evening_to_eight_in_the_evening():
    day = counted(
        journey(at(19, day=22), at(20.5, day=22)),  # through after the evening's count
        journey(at(8), at(10)),
        journey(at(19), at(20.5)),
    )
    assert (day.waiting_before, day.arrived, day.cleared_export, day.waiting) == (1, 2, 2, 1)
    assert day.difference == 0


def test_the_balance_closes_with_all_ways_in_and_out():
    day = counted(
        journey(at(8, day=22), at(9)),
        journey(at(1), found=True),
        journey(at(8), left=at(12)),
        journey(at(9)),
        journey(None, at(11)),  # nobody saw it come
        seen=Seen(unseen=4),
    )
    assert day.waiting_before == 1
    assert (day.arrived, day.found, day.left, day.unseen) == (2, 1, 1, 5)
    assert (day.cleared_export, day.waiting, day.difference) == (6, 2, 0)


def test_what_late_facts_changed_since_yesterday_is_stated():
    day = counted(journey(at(8, day=22)), journey(at(9)), before=3)
    assert (day.waiting_before, day.waiting, day.difference) == (3, 2, -2)


def test_the_change_is_who_waits_now_less_who_waited_before():
    day = counted(journey(at(8, day=22)), journey(at(1), found=True), journey(at(9)))
    assert (day.waiting_before, day.waiting, day.change) == (1, 3, 2)


def first_day() -> Figures:
    """Two stood there when records began at 07:00, one came, one of the two passed."""
    gate = counted(
        journey(at(7), found=True),
        journey(at(7), at(10), found=True),
        journey(at(9)),
        from_nothing=True,
    )
    return replace(figures(gate), began_at=at(7))


def test_where_records_begin_within_the_day_nobody_claims_to_know_who_waited_before():
    [gate] = first_day().gates
    assert (gate.waiting_before, gate.change) == (None, None)
    assert gate.arrived + gate.found - gate.cleared_export == gate.waiting == 2
    assert gate.difference == 0
    [later] = add_up([first_day(), replace(first_day(), gates=(counted(before=2),))]).gates
    assert (later.waiting_before, later.change) == (None, None)


def test_who_was_gone_before_it_came_is_not_there():
    day = counted(journey(at(12), at(9)), journey(at(12), left=at(9)))
    assert (day.arrived, day.unseen, day.left, day.waiting, day.difference) == (0, 1, 0, 0, 0)


def test_waits_are_of_who_was_seen_to_come():
    quick = [journey(at(8), at(8) + timedelta(minutes=m)) for m in range(1, 101)]
    day = counted(*quick, journey(at(0), at(19), found=True))
    assert day.mean_wait_min == pytest.approx(50.5)
    assert day.p95_wait_min == 95
    assert counted().mean_wait_min is counted().p95_wait_min is None


def test_days_add_up_and_their_waits_too():
    first = figures(counted(journey(at(8), at(9)), journey(at(8))))
    second = replace(
        figures(
            replace(counted(), waits_min={120: 1}, cleared_export=1, waiting_before=1, waiting=0)
        ),
        day=DAY + timedelta(days=1),
        until=DAY + timedelta(days=1),
    )
    total = add_up([first, second])
    [gate] = total.gates
    assert (total.day, total.until) == (DAY, DAY + timedelta(days=1))
    assert (gate.waiting_before, gate.arrived, gate.cleared_export, gate.waiting) == (0, 2, 2, 0)
    assert (gate.mean_wait_min, gate.p95_wait_min, gate.difference) == (90, 120, 0)
    assert len(total.incidents) == 1, "it stands in both days"


def test_a_further_version_says_what_changed():
    was, now = figures(counted(journey(at(8)))), figures(counted(journey(at(8), at(10))))
    found = {(one.figure, one.was, one.now) for one in changes(was, now)}
    assert found == {("cleared_export", 0, 1), ("waiting", 1, 0)}
    assert changes(was, was) == []


@pytest.mark.parametrize(
    ("day", "until", "said"),
    [
        ("2024-01-23", "2024-01-22", "backwards|before it begins"),
        ("2024-01-01", "2025-01-01", "367 days"),
        ("2024-01-24", "2024-01-24", "until 20:00"),
        ("2999-01-01", "2999-01-01", "until 20:00"),
    ],
)
def test_days_that_cannot_be_counted_are_refused(day: str, until: str, said: str):
    now = at(21) if until != "2025-01-01" else at(21) + timedelta(days=900)
    with pytest.raises(FlowctlError, match=said):
        check_range(date.fromisoformat(day), date.fromisoformat(until), now, ZONE)


def test_a_day_is_settled_a_quarter_of_an_hour_after_its_end():
    assert last_day(at(20.2), ZONE) == DAY - timedelta(days=1)
    assert last_day(at(20.25), ZONE) == DAY


def bulletin() -> Bulletin:
    gates = (
        counted(
            *[journey(at(8), at(8) + timedelta(minutes=m)) for m in (30, 90)],
            journey(at(9)),
            seen=Seen(imports=168, no_shows=2, overtakes={"convoy": 3, "=new_reason": 1}),
        ),
        replace(counted(), gate="south", name=dict.fromkeys(NAME, "@Cốc [Nam]/1")),
    )
    return Bulletin(DAY, 2, datetime(2024, 1, 23, 13, 15, tzinfo=UTC), figures(*gates))


def form(name: str, language: str = "vi") -> bytes:
    return write_bulletin(bulletin(), name, language).content


SAID = ("Waiting at 20:00 before", "New arrivals", "Waiting at 20:00", "Change")


def shown_of_first_day(name: str) -> dict[str, str]:
    """Return what a form says of the gate's first day; what is not known is "" or "–"."""
    kept = Bulletin(DAY, 1, at(20.5), first_day())
    content = write_bulletin(kept, name, "en").content
    if name == "xlsx":
        sheet = openpyxl.load_workbook(io.BytesIO(content))["Tân Thanh"]
        rows = {one.value: two.value for one, two in sheet.iter_rows(max_col=2)}
        return {key: "" if rows[key] is None else str(rows[key]) for key in SAID}
    if name == "csv":
        [row, _total] = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        return {key: row[key] for key in SAID}
    if name == "html":
        text = content.decode()
        found = (re.search(f"<th>{key}</th><td[^>]*>([^<]*)", text) for key in SAID)
    else:
        pages = pypdfium2.PdfDocument(content)
        text = " ".join(page.get_textpage().get_text_bounded() for page in pages)
        found = (re.search(rf"{key}\s+(\d+|–)", text) for key in SAID)
    return {key: one[1] for key, one in zip(SAID, found, strict=True) if one is not None}


@pytest.mark.parametrize("name", ["html", "csv", "xlsx", "pdf"])
def test_every_form_says_the_same_of_a_day_that_began_midway(name: str):
    unknown = {"html": "–", "pdf": "–"}.get(name, "")
    assert shown_of_first_day(name) == dict(zip(SAID, (unknown, "1", "2", unknown), strict=True))


def test_a_day_that_began_midway_says_when_in_each_language():
    kept = Bulletin(DAY, 1, at(20.5), first_day())
    for language in ("vi", "zh", "en"):
        assert "07:00 23/01/2024" in write_bulletin(kept, "html", language).content.decode()


def test_a_day_that_runs_is_marked_as_not_finished_and_knows_no_evening():
    running = replace(figures(counted(journey(at(8)))), to=at(14))
    said = write_bulletin(Bulletin(DAY, 0, at(14), running), "html", "en")
    assert said.name == "lang_son_2024-01-23_unfinished_en.html"
    text = said.content.decode()
    assert "Bulletin of 23/01/2024, not finished" in text
    assert "counted until 14:00" in text
    assert "<th>Waiting now</th>" in text
    assert "<th>Waiting at 20:00</th>" not in text


ACTS = (
    Incident("capacity", "north", at(9), at(12), code="staff", per_h=25.5),
    Incident("open_gate", "north", at(17), at(19), code="backlog"),
    Incident("hold_class", None, at(8), None, code="other", cargo="reefer", one_haulier=True),
)


def test_acts_of_operators_are_incidents_in_words():
    kept = Bulletin(DAY, 1, at(20.5), replace(figures(counted()), incidents=ACTS))
    book = openpyxl.load_workbook(io.BytesIO(write_bulletin(kept, "xlsx", "en").content))
    rows = [[cell.value for cell in row] for row in book["Incidents"].iter_rows(min_row=2)]
    day = "23/01/2024"
    assert [(row[0], row[1], row[4]) for row in rows] == [
        ("Capacity set by hand", "Tân Thanh", "25.5 trucks per hour · staff"),
        ("Open beyond its hours", "Tân Thanh", "backlog"),
        ("Trucks held by class", "all gates", "Refrigerated · trucks of one haulier"),
    ]
    assert rows[0][2:4] == [f"09:00 {day}", f"12:00 {day}"]
    assert rows[2][2:4] == [f"08:00 {day}", "lasts"]


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_the_page_shows_what_people_wrote_as_text(language: str):
    html = form("html", language).decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "168" in html
    assert "{" not in html.partition("</style>")[2]


def test_csv_has_the_letters_of_vietnamese_and_no_formula():
    text = form("csv").decode()
    assert text.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert rows[0][1] == "Thông quan xuất khẩu"
    assert [row[0] for row in rows[1:]] == ["Tân Thanh", "'@Cốc [Nam]/1", "Tất cả cửa khẩu"]


@pytest.mark.parametrize(
    ("language", "names"),
    [
        ("vi", ["Tổng hợp", "Cặp xe đổi thứ tự", "Sự cố", "Thay đổi"]),
        ("zh", ["汇总", "后到先行对数", "异常情况", "变化"]),
        ("en", ["Summary", "Pairs out of turn", "Incidents", "Changes"]),
    ],
)
def test_a_sheets_name_is_whole(language: str, names: list[str]):
    changed = (Change("north", "waiting", 1, 2),)
    kept = replace(bulletin(), changed=changed)
    book = openpyxl.load_workbook(io.BytesIO(write_bulletin(kept, "xlsx", language).content))
    first, *gates_and_rest = book.sheetnames
    assert [first, *gates_and_rest[-3:]] == names
    assert gates_and_rest[0] == NAME[language]


def test_the_workbook_has_numbers_a_sheet_a_gate_and_no_formula():
    book = openpyxl.load_workbook(io.BytesIO(form("xlsx", "en")))
    assert "Tân Thanh" in book.sheetnames
    assert len(book.sheetnames) == 1 + 2 + 2
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell.value for cell in cells if cell.data_type == "f"]
    assert not [cell.value for cell in cells if str(cell.value).startswith(("=", "@"))]
    gate = {row[0].value: row[1].value for row in book["Tân Thanh"].iter_rows(min_row=2)}
    assert gate["Cleared, import"] == 168
    assert gate["Mean wait, min"] == 60
    assert any("HYPERLINK" in str(cell.value) for cell in cells), "as text it is there"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_pdf_can_be_searched_in_its_language(language: str):
    document = pypdfium2.PdfDocument(form("pdf", language))
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    title, gate = {
        "vi": ("Bản tin ngày 23/01/2024", "Thông quan nhập khẩu"),
        "en": ("Bulletin of 23/01/2024", "Cleared, import"),
    }[language]
    assert title in text
    assert gate in text
    assert "168" in text
    assert "<script>" in text


@pytest.mark.parametrize(("language", "said"), [("vi", "1.150"), ("zh", "1,150"), ("en", "1,150")])
def test_thousands_are_parted_as_on_the_pages(language: str, said: str):
    assert cell_text(1150, language) == said


def test_json_reads_back_as_it_was():
    assert msgspec.json.decode(form("json"), type=Bulletin) == bulletin()


@pytest.mark.parametrize(("name", "language"), [("doc", "vi"), ("html", "fr"), ("pdf", "zh")])
def test_forms_and_languages_that_are_not_there_are_refused(name: str, language: str):
    with pytest.raises(FlowctlError, match=r"There is no|take HTML"):
        form(name, language)
