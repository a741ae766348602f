"""What sheets say, as typed: files of many shapes, rows that cannot be, each named."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowctl.dispatch.reasons import Reason
from flowctl.errors import FlowctlError
from flowctl.paper.deviations import deviations
from flowctl.paper.entered import Event, Happened, Known, Row, check_rows, read_rows
from flowctl.paper.order import Line, Order, Place

MADE = datetime(2024, 1, 23, 5, 4, 30, tzinfo=UTC)  # 12:04:30 at the gates
NOW = MADE + timedelta(hours=5)
NOTHING = Known({}, {})


def line(number: int, place: Place = Place.YARD, yard: str | None = "yard") -> Line:
    return Line(
        number=number,
        trip=100 + number,
        plate=f"12C0000{number}",
        place=place,
        yard=yard,
        slot=None,
        seniority=MADE,
        priority=0,
        standby=False,
        convoy=None,
        called_at=None,
    )


def order(*lines: Line) -> Order:
    return Order(
        form=1,
        site="somewhere",
        site_name={},
        gate="north",
        gate_name={"vi": "Bắc"},
        yards={"yard": {"vi": "Bãi"}, "far": {"vi": "Xa"}},
        timezone="Asia/Ho_Chi_Minh",
        made_at=MADE,
        valid_until=MADE + timedelta(hours=12),
        policy="default",
        head_seq=0,
        head_hash="00" * 32,
        n_target=4,
        lines=lines,
    )


FOUR = order(*(line(n) for n in range(1, 5)))


def row(text: str, count: int = 2) -> Row:
    """Return a row "number event time", a plate where it is no number."""
    mark, event, time = text.split(" ", 2)
    number, plate = (mark, "") if mark.isdigit() else ("", mark)
    return Row(count, number, plate, event, time, "Lan")


def checked(*texts: str, known: Known = NOTHING, now: datetime = NOW) -> list[Happened]:
    rows = [row(text, count) for count, text in enumerate(texts, 2)]
    return check_rows(FOUR, rows, known, now=now)


def refusal(*texts: str, known: Known = NOTHING, now: datetime = NOW) -> str:
    with pytest.raises(FlowctlError) as refused:
        checked(*texts, known=known, now=now)
    return str(refused.value)


PLAIN = "number,plate,event,time,who\n1,,released,12:10,Lan\n2,12C-000.02,cleared,13:00,Hùng\n"
READ = [
    Row(2, "1", "", "released", "12:10", "Lan"),
    Row(3, "2", "12C-000.02", "cleared", "13:00", "Hùng"),
]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        PLAIN.encode("utf-8-sig"),
        PLAIN.encode("utf-16"),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace("number,plate", "NUMBER, Plate").encode(),
        (PLAIN + ",,,,\n\n").encode(),
    ],
)
def test_a_file_is_read_however_a_spreadsheet_saved_it(data: bytes):
    assert read_rows(data, where="a.csv") == READ


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (PLAIN.encode("cp1258", errors="replace").replace(b"H?ng", b"H\xf9ng"), "not in UTF-8"),
        (PLAIN.encode("utf-16")[:-1], "not in UTF-8"),
        (b"", "lacks the column number or plate, event, time, who"),
        (b"number,event,time\n1,released,12:10\n", "lacks the column who"),
        (b"1,,released,12:10,Lan\n", "lacks the column"),
        (b"number,event,time,who\n1,released,12:10,Lan,and,more\n", "has 6 columns"),
        (b'number,event,time,who\n1,released,"12:10,Lan\n', "cannot be read as CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(data: bytes, sentence: str):
    with pytest.raises(FlowctlError, match=sentence):
        read_rows(data, where="a.csv")


@pytest.mark.parametrize("length", [30, 36, 41])
def test_a_file_cut_off_in_a_row_lacks_what_is_missing(length: int):
    rows = read_rows(PLAIN.encode()[:length], where="a.csv")
    with pytest.raises(FlowctlError, match="Row 2"):
        check_rows(FOUR, rows, NOTHING, now=NOW)


@pytest.mark.parametrize(
    ("time", "minutes"),
    [
        ("12:10", 5.5),
        ("12h10", 5.5),
        ("12:10:30", 6),
        ("12:04", 0),  # the minute in which the order was made
        ("2024-01-23 12:10", 5.5),
        ("2024-01-23T05:10:00+00:00", 5.5),
        ("2024-01-23T05:10:00Z", 5.5),
    ],
)
def test_times_are_local_and_the_first_after_the_order_was_made(time: str, minutes: float):
    [one] = checked(f"1 released {time}")
    assert one.at == MADE + timedelta(minutes=minutes)


def test_a_time_after_midnight_is_of_the_next_day():
    late = MADE.replace(hour=15)  # 22:04 at the gates
    night = Order(
        **{name: getattr(FOUR, name) for name in Order.__struct_fields__}
        | {"made_at": late, "valid_until": late + timedelta(hours=12)}
    )
    [one] = check_rows(night, [row("1 released 01:30")], NOTHING, now=late + timedelta(hours=9))
    assert one.at == datetime(2024, 1, 23, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1 released 2024-01-23 11:00", "before the order was made at 12:04"),
        ("1 released 18:30", "lies in the future; it is 17:04"),
        ("1 released 2024-01-24 12:00", "lies in the future"),
        ("1 released 11:00", "lies in the future"),  # of the next day
        ("1 released 25:00", "cannot be read"),
        ("1 released soon", "cannot be read"),
        ("9 released 12:10", "number '9' is not in this order"),
        ("12C99999 released 12:10", "plate '12C99999' is not in this order"),
        ("1 left 12:10", "is none of released, entered, cleared, no_show"),
    ],
)
def test_a_row_that_cannot_be_is_named(text: str, sentence: str):
    said = refusal("1 released 12:10" if text.startswith("2") else "2 released 12:10", text)
    assert sentence in said
    assert "Row 3: " in said


def test_a_time_after_the_order_ran_out_is_refused():
    said = refusal("1 released 2024-01-24 01:00", now=MADE + timedelta(days=2))
    assert "until when the order was valid" in said


def test_number_and_plate_must_be_of_one_truck_and_somebody_must_have_written():
    both = Row(2, "1", "12c-000.01", "released", "12:10", "Lan")
    [one] = check_rows(FOUR, [both], NOTHING, now=NOW)
    assert one.line.trip == 101
    wrong = [
        Row(2, "1", "12C00002", "released", "12:10", "Lan"),
        Row(3, "", "", "released", "12:10", "Lan"),
        Row(4, "1", "", "released", "12:10", ""),
        Row(5, "1", "", "released", "12:10", "L" * 81),
        Row(6, "1", "", "released", "12:10", "a\x00b"),
    ]
    with pytest.raises(FlowctlError) as refused:
        check_rows(FOUR, wrong, NOTHING, now=NOW)
    said = str(refused.value)
    for sentence in ("is 12C00001 in this order", "neither a number", "who wrote it down"):
        assert sentence in said
    assert said.count("Row ") == 5


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (("1 released 13:00", "1 entered 12:30"), "entered at 12:30, before it is released"),
        (("1 entered 13:00", "1 cleared 12:30"), "cleared at 12:30, before it is entered"),
        (("1 released 12:30", "1 no_show 12:40"), "did not show up at 12:40, yet had left"),
        (("1 released 12:30", "1 released 12:40"), "was entered as released at 12:30"),
    ],
)
def test_what_contradicts_itself_is_refused(texts: tuple[str, ...], sentence: str):
    assert sentence in refusal(*texts)


def test_what_was_entered_before_stands_and_may_be_sent_again():
    at = MADE + timedelta(minutes=5.5)
    known = Known({(101, Event.RELEASED): at}, {})
    assert checked("1 released 12:10", known=known)[0].at == at
    assert "before; what is entered stands" in refusal("1 released 12:11", known=known)
    assert "before it is released" in refusal("1 cleared 12:05", known=known)


def test_one_who_came_after_all_may_leave_later():
    events = [one.event for one in checked("1 no_show 12:20", "1 released 12:40")]
    assert events == [Event.NO_SHOW, Event.RELEASED]


def test_many_problems_are_named_and_the_rest_counted():
    said = refusal(*(f"9{n} released 12:10" for n in range(60)))
    assert said.count("Row ") == 50
    assert "And 10 more." in said
    assert "There are no rows." in refusal()


def happened(number: int, minute: float, event: Event = Event.RELEASED) -> Happened:
    one = next(one for one in FOUR.lines if one.number == number)
    return Happened(one, event, MADE + timedelta(minutes=minute), "Lan")


def passed(*what: Happened, gone: dict[int, datetime] | None = None) -> list[tuple[int, ...]]:
    found = deviations(FOUR, what, gone=gone or {})
    return [(one.trip_id, *one.seniors) for one in found]


def test_who_kept_to_the_order_passed_nobody():
    assert passed(*(happened(n, 5.0 * n) for n in (1, 2, 3, 4))) == []


def test_trucks_called_in_the_same_minute_did_not_pass_each_other():
    assert passed(happened(2, 10), happened(1, 10)) == []


def test_a_truck_whose_leaving_nobody_noted_counts_from_where_it_was_seen():
    assert passed(happened(2, 30, Event.ENTERED), happened(1, 20)) == []
    assert passed(happened(2, 30, Event.ENTERED), happened(1, 40)) == [(102, 101)]


def test_who_is_never_called_is_passed_by_all_behind_and_each_pair_counts_once():
    assert passed(happened(2, 10), happened(3, 20)) == [(102, 101), (103, 101)]
    known = [(101, 102)]
    again = deviations(FOUR, [happened(2, 10), happened(3, 20)], gone={}, known=known)
    assert [(one.trip_id, one.seniors) for one in again] == [(103, (101,))]


def test_what_a_sheet_that_is_not_here_would_say_is_not_known():
    two = order(
        line(1, yard="far"), line(2), line(3, Place.CALLED, None), line(4, Place.ROAD, None)
    )
    by = {one.number: one for one in two.lines}
    second = Happened(by[2], Event.RELEASED, MADE + timedelta(minutes=10), "Lan")
    assert deviations(two, [second], gone={}) == []
    first = Happened(by[1], Event.RELEASED, MADE + timedelta(minutes=20), "Hoa")
    [found] = deviations(two, [second, first], gone={})
    assert (found.trip_id, found.seniors, found.reason) == (102, (101,), Reason.PAPER)


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60)), max_size=4, unique_by=lambda p: p[0])
)
def test_the_pairs_are_those_of_the_definition(left: list[tuple[int, int]]):
    """A pair for each truck with a smaller number that left later or not at all."""
    found = deviations(FOUR, [happened(n, minute) for n, minute in left], gone={})
    pairs = {(senior, one.trip_id) for one in found for senior in one.seniors}
    went = dict(left)
    due = {
        (100 + senior, 100 + junior)
        for junior in went
        for senior in range(1, junior)
        if went.get(senior, 61) > went[junior]
    }
    assert pairs == due
    assert sum(len(one.seniors) for one in found) == len(due)


@given(st.binary(max_size=300))
def test_no_bytes_bring_the_reader_down(data: bytes):
    with suppress(FlowctlError):
        check_rows(FOUR, read_rows(data, where="a.csv"), NOTHING, now=NOW)


@given(st.lists(st.builds(Row, st.integers(2, 9), *[st.text(max_size=12)] * 5), max_size=4))
def test_no_rows_bring_the_check_down(rows: list[Row]):
    with suppress(FlowctlError):
        check_rows(FOUR, rows, NOTHING, now=NOW)
