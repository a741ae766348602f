"""Tables of trips as spreadsheets write them: what is read, and what is refused where."""

import io
import zipfile
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from flowctl.data_files import data_dir
from flowctl.errors import FlowctlError
from flowctl.registry.imports import choices_of, labels
from flowctl.registry.rules import Declaration
from flowctl.registry.table_file import MOST_ROWS, Formula, read_table
from flowctl.registry.trip_form import form_csv, form_xlsx
from flowctl.registry.trip_rows import COLUMNS, Fault, read_heading, read_row
from flowctl.site_files import load_site
from flowctl.state import Direction

SITE = load_site(data_dir() / "sites" / "lang_son")
CHOICES = choices_of(SITE, None)
HEAD = "plate,phone,direction,gates,ready_at"
GOOD = "12C-123.45,0903123456,export,tan_thanh,23/01/2024 07:00"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
SEVEN = datetime(2024, 1, 23, 0, 0, tzinfo=UTC)


def read(text: str | bytes) -> list[Declaration | list[Fault]]:
    heading, *rows = read_table(text.encode() if isinstance(text, str) else text)
    fields = read_heading(heading, labels())
    return [read_row(row, fields, CHOICES, ZONE) for row in rows]


def one(text: str | bytes) -> Declaration:
    [found] = read(text)
    assert isinstance(found, Declaration), found
    return found


def faults(head: str, line: str) -> list[tuple[str | None, str | None]]:
    [found] = read(f"{head}\n{line}\n")
    assert isinstance(found, list)
    return [(fault.column, fault.refusal.kind) for fault in found]


def book(*rows: list[Any]) -> bytes:
    made = openpyxl.Workbook()
    assert made.active is not None
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_table_is_read_however_a_spreadsheet_wrote_it(encoding: str, separator: str):
    text = f"{HEAD},goods\n{GOOD},Thanh long\n".replace(",", separator)
    found = one(text.encode(encoding))
    assert (found.plate, found.goods, found.gates) == ("12C-123.45", "Thanh long", ("tan_thanh",))
    assert (found.direction, found.ready_at) == (Direction.EXPORT, SEVEN)


@pytest.mark.parametrize(
    "moment",
    [
        "2024-01-23T07:00:00+07:00",
        "2024-01-23T00:00:00Z",
        "2024-01-23 07:00",
        "23/01/2024 07:00",
        "23/01/2024 7h00",
        "07:00 23/01/2024",
    ],
)
def test_a_moment_without_zone_is_the_sites(moment: str):
    assert one(f"{HEAD}\n{GOOD}".replace("23/01/2024 07:00", moment)).ready_at == SEVEN


def test_headings_and_choices_are_codes_or_names_in_any_language():
    text = (
        "Biển số*;Số điện thoại;方向;Gates;Sẵn sàng từ\n"
        "12C-123.45;0903123456;Xuất;Tân Thanh, huu_nghi;23/01/2024 07:00\n"
    )
    found = one(text.replace("Số điện thoại", labels()["phone"]["vi"]))
    assert (found.direction, found.gates) == (Direction.EXPORT, ("tan_thanh", "huu_nghi"))


def test_a_spreadsheets_numbers_and_dates_are_read_as_they_were_meant():
    head = [*HEAD.split(","), "declaration", "value_vnd", "weight_t", "licence_until", "consent"]
    found = one(
        book(
            head,
            [
                *(12345678, 903123456, "export", "tan_thanh", datetime(2024, 1, 23, 7, 0)),  # noqa: DTZ001
                *(105123456700.0, "1.250.000.000", "12,5", date(2026, 5, 1), "x"),
            ],
        )
    )
    assert (found.plate, found.phone, found.ready_at) == ("12345678", "0903123456", SEVEN)
    assert (found.declaration, found.value_vnd) == ("105123456700", 1_250_000_000)
    assert (found.weight_t, found.licence_until, found.consent) == (12.5, date(2026, 5, 1), True)


def test_everything_wrong_in_a_row_is_said_at_once_with_its_column():
    head = f"{HEAD},weight_t,licence_until,consent,load"
    line = "12C-123.45,,sideways,tan_thanh,tomorrow,heavy,soon,perhaps,full"
    assert faults(head, line) == [
        ("direction", "choice_unknown"),
        ("ready_at", "cell_moment"),
        ("weight_t", "cell_number"),
        ("licence_until", "cell_date"),
        ("consent", "choice_unknown"),
        ("load", "choice_unknown"),
        ("phone", "cell_missing"),
    ]


def test_a_gate_of_two_words_that_is_not_known_is_quoted_whole():
    [found] = read(f"{HEAD}\n{GOOD.replace('tan_thanh', 'Móng Cái')}\n")
    assert isinstance(found, list)
    assert [(one.column, one.refusal.values["value"]) for one in found] == [("gates", "Móng Cái")]


def test_a_date_alone_is_no_moment():
    assert faults(HEAD, GOOD.replace(" 07:00", "")) == [("ready_at", "cell_moment")]


def test_formulas_are_refused_cell_by_cell_and_never_worked_out():
    head = [*HEAD.split(","), "goods", "weight_t"]
    good = ["12C-123.45", "0903123456", "export", "tan_thanh", "23/01/2024 07:00"]
    content = book(head, [*good, '=HYPERLINK("http://x")', "=1+1"])
    [found] = read(content)
    assert isinstance(found, list)
    assert [(one.column, one.refusal.kind) for one in found] == [
        ("goods", "cell_formula"),
        ("weight_t", "cell_formula"),
    ]
    assert isinstance(read_table(content)[1].cells[6], Formula)
    assert faults(f"{HEAD},goods", f'{GOOD},"=cmd|calc"') == [("goods", "cell_formula")]


def test_what_was_defused_for_a_spreadsheet_is_read_as_it_was():
    assert one(f"{HEAD}\n{GOOD}".replace("0903123456", "'+84903123456")).phone == "+84903123456"


def test_rows_are_numbered_as_the_spreadsheet_does():
    rows = read_table(f"{HEAD}\n\n{GOOD}\n\n\n{GOOD}\n".encode())
    assert [row.number for row in rows] == [1, 3, 6]
    rows = read_table(book(HEAD.split(","), [], GOOD.split(",")))
    assert [row.number for row in rows] == [1, 3]


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


def packed(name: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(name, "x")
    return out.getvalue()


def with_entity() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("xl/workbook.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>')
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "table_empty"),
        (b"\n\n,,\n", "table_empty"),
        (b"x" * 5_000_001, "table_large"),
        (bomb(), "table_unpacked"),
        (with_entity(), "table_unreadable"),
        (b"PK\x03\x04 and no more", "table_unreadable"),
        (book(HEAD.split(","))[:-200], "table_unreadable"),
        ("车牌,电话".encode("gbk"), "table_encoding"),
        ("Biển số".encode("cp1258", "replace") + b"\xf0,x\n", "table_encoding"),
        (f"{HEAD}\n{GOOD},Thanh Ho\ufffd\n".encode(), "table_letters"),
        (b"%PDF-1.7\n...", "table_form"),
        (b"\xd0\xcf\x11\xe0 an old book", "table_form"),
        (b"\n<html><table>", "table_form"),
        (packed("word/document.xml"), "table_form"),
        (packed("trucks.csv"), "table_form"),
        (b"\x00\x01\x02", "table_unreadable"),
        (b'plate,phone\n"12C', "table_line"),
        (HEAD.encode() + b",x" * 70, "table_columns"),
        ((HEAD + "\n" + f"{GOOD}\n" * (MOST_ROWS + 1)).encode(), "table_rows"),
        (HEAD.replace("phone", "phnoe").encode(), "table_column"),
        (f"{HEAD},plate".encode(), "table_column_twice"),
        (b"plate,phone", "table_column_missing"),
    ],
)
def test_a_file_that_cannot_be_is_refused_as_a_whole(content: bytes, kind: str):
    with pytest.raises(FlowctlError) as refused:
        read(content)
    assert refused.value.refusal.kind == kind


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7", "kind PDF, not a table; save the table as XLSX"),
        (packed("word/document.xml"), "kind DOCX, not a table"),
        (packed("trucks.csv"), "kind ZIP, not a table"),
        ("车牌".encode("gbk"), "not in UTF-8.* save it as 'CSV UTF-8'"),
        (f"{HEAD}\n{GOOD},\ufffd".encode(), "Letters are lost in line 2"),
    ],
)
def test_what_a_file_is_and_what_to_do_is_one_sentence(content: bytes, said: str):
    with pytest.raises(FlowctlError, match=said):
        read(content)


def test_something_below_no_heading_is_not_dropped_in_silence():
    assert faults(f"{HEAD},", f"{GOOD},lost?") == [(None, "cell_unheaded")]


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_the_forms_are_read_as_they_are_given_out(language: str):
    for content in (
        form_csv(labels(), language).encode(),
        form_xlsx(labels(), CHOICES, language),
    ):
        [heading] = read_table(content)
        assert read_heading(heading, labels()) == list(COLUMNS)


def test_the_form_offers_choices_and_keeps_zeros_of_what_is_no_number():
    made = openpyxl.load_workbook(io.BytesIO(form_xlsx(labels(), CHOICES, "vi")))
    sheet = made.worksheets[0]
    rules = {str(rule.sqref).split(":")[0] for rule in sheet.data_validations.dataValidation}
    letters = {openpyxl.utils.get_column_letter(COLUMNS.index(name) + 1) for name in CHOICES.of}
    assert rules == {f"{letter}2" for letter in letters}
    assert sheet.column_dimensions["A"].number_format == "@"
