"""Counts of days: by the gates' clocks, added up to months, with quantiles of what lasted."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.errors import FlowctlError
from flowctl.notify.texts import catalogue
from flowctl.statistics import (
    Fact,
    Measure,
    Part,
    Period,
    Row,
    Tally,
    bin_of,
    check_days,
    report,
    tally,
)
from flowctl.statistics_files import FORMS, dictionary, write_report

GATES = ZoneInfo("Asia/Ho_Chi_Minh")
EVENING = datetime(2024, 1, 31, 16, 30, tzinfo=UTC)  # 23:30 at the gates
GATE, CARGO = frozenset({Part.GATE}), frozenset({Part.CARGO})


def crossed(at: datetime, gate: str = "huu_nghi", minutes: float | None = None) -> Fact:
    if minutes is None:
        return Fact(at, gate, "export", "normal", Measure.CROSSED)
    return Fact(at, gate, "export", "normal", Measure.IN_ALL, minutes * 60)


def test_a_day_ends_at_midnight_of_the_gates_clocks():
    counted = tally([crossed(EVENING), crossed(EVENING + timedelta(hours=1))], GATES)
    lines = report(counted, period=Period.DAY, by=frozenset())
    assert [(one.period, one.n) for one in lines] == [("2024-01-31", 1), ("2024-02-01", 1)]
    by_hour = report(counted, period=Period.HOUR, by=frozenset())
    assert [(one.period, one.n) for one in by_hour] == [("00", 1), ("23", 1)]
    months = report(counted, period=Period.MONTH, by=frozenset())
    assert [(one.period, one.n) for one in months] == [("2024-01", 1), ("2024-02", 1)]
    assert [one.n for one in report(counted, period=Period.YEAR, by=frozenset())] == [2]


def test_lines_are_by_what_is_asked_for_and_by_nothing_else():
    counted = tally([crossed(EVENING), crossed(EVENING, "tan_thanh"), crossed(EVENING)], GATES)
    by_gate = report(counted, period=Period.ALL, by=GATE)
    assert [(one.gate, one.cargo, one.n) for one in by_gate] == [
        ("huu_nghi", "", 2),
        ("tan_thanh", "", 1),
    ]
    assert [(one.cargo, one.n) for one in report(counted, period=Period.ALL, by=CARGO)] == [
        ("normal", 3)
    ]


@given(st.lists(st.floats(min_value=1.0, max_value=2e6), min_size=1, max_size=60))
def test_a_quantile_of_added_days_is_right_to_a_fortieth(durations: list[float]):
    days = [Tally(1, one, {bin_of(one): 1}) for one in durations]
    total = Tally()
    for one in days:
        total.add(one)
    ordered = sorted(durations)
    for share, at in ((0.5, -(-len(ordered) // 2) - 1), (1.0, -1)):
        found = total.quantile(share)
        assert found is not None
        assert found == pytest.approx(ordered[at], rel=0.0251)
    assert total.mean == pytest.approx(sum(durations) / len(durations))


def test_what_took_no_time_is_counted_and_nothing_has_no_quantile():
    counted = tally([crossed(EVENING, minutes=0.0), crossed(EVENING, minutes=-3.0)], GATES)
    (line,) = report(counted, period=Period.ALL, by=frozenset())
    assert (line.n, line.mean_s, line.p50_s, line.p90_s) == (2, 0.0, 0.0, 0.0)
    assert Tally().quantile(0.5) is None
    assert Tally().mean is None


def test_money_is_summed_and_given_back_money_is_taken_off():
    paid = [
        Fact(EVENING, "huu_nghi", "export", "normal", Measure.PAID, amount, of="cash")
        for amount in (350_000.0, -350_000.0, 100_000.0)
    ]
    (line,) = report(tally(paid, GATES), period=Period.ALL, by=frozenset({Part.OF}))
    assert (line.of, line.n, line.sum_vnd, line.mean_s) == ("cash", 3, 100_000, None)


def test_days_that_run_backwards_lie_ahead_or_are_too_many_are_refused():
    today = date(2024, 1, 23)
    check_days(date(2014, 1, 1), today, today)
    for since, until, kind in (
        (date(2024, 1, 5), date(2024, 1, 4), "range_turned"),
        (date(2001, 1, 1), today, "range_long"),
        (date(2024, 1, 24), date(2024, 1, 25), "range_ahead"),
    ):
        with pytest.raises(FlowctlError) as refused:
            check_days(since, until, today)
        assert refused.value.refusal.kind == kind


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
def test_the_dictionary_says_every_measure_and_column(language: str):
    lines = {code: (name, meaning) for code, name, meaning in dictionary(page(language)).rows}
    assert {str(one) for one in Measure} <= set(lines)
    assert {"period", "n", "mean", "p50", "p90", "sum", "of", "desk", "cargo"} <= set(lines)
    assert all(name and meaning for name, meaning in lines.values())


def test_files_say_words_to_people_and_codes_to_programs():
    line = Row("2024-01", "stage", "huu_nghi", "export", "normal", "customs", "declared", 3, 600.0)
    names = {"huu_nghi": "Hữu Nghị", "declared": "=cmd()"}
    book = openpyxl.load_workbook(BytesIO(made([line], "xlsx", names)))
    sheet, words = book.worksheets
    assert [cell.value for cell in sheet[2]][:9] == [
        *("2024-01", "Bước được xác nhận", "Hữu Nghị", "Xuất", "Hàng thường"),
        *("Hải quan", "'=cmd()", 3, 10.0),
    ]
    assert words.title == "Từ điển dữ liệu"
    text = made([line], "csv", names).decode("utf-8-sig")
    assert "Hải quan,'=cmd(),3,10.0" in text
    from pyarrow import parquet  # noqa: PLC0415 - large

    (row,) = parquet.read_table(BytesIO(made([line], "parquet", names))).to_pylist()
    assert (row["measure"], row["desk"], row["of"], row["mean_s"], row["p50_s"]) == (
        *("stage", "customs", "declared", 600.0, None),
    )


def made(rows: list[Row], form: str, names: dict[str, str]) -> bytes:
    assert form in FORMS
    return write_report(rows, form, page("vi"), names, EVENING)


def page(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = catalogue(language)["page"]
    return found
