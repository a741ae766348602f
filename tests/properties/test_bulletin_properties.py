"""Laws of the bulletin: whatever happened, a day's figures balance and days follow each other."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from flowctl.bulletin.figures import Figures, GateDay, Journey, Seen, add_up, bounds, count_gate
from flowctl.bulletin.forms import write_bulletin
from flowctl.storage.bulletins import Bulletin

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST = date(2024, 1, 23)
DAYS = [FIRST + timedelta(days=n) for n in range(3)]
BEGINS = bounds(FIRST, ZONE)[0]
NAME = dict.fromkeys(("vi", "zh", "en"), "Tân Thanh")


def moments(first_h: int) -> st.SearchStrategy[datetime | None]:
    hours = st.none() | st.integers(first_h * 4, 80 * 4)
    return hours.map(lambda n: None if n is None else BEGINS + timedelta(minutes=15 * n))


@st.composite
def journeys(draw: st.DrawFn, first_h: int = -20) -> list[Journey]:
    """Draw trucks that come, pass and leave in any order, as late facts may have it."""
    made = []
    for _ in range(draw(st.integers(0, 12))):
        arrived, gone, passes = (
            draw(moments(first_h)),
            draw(moments(first_h)),
            draw(st.booleans()),
        )
        found = arrived is not None and draw(st.booleans())
        made.append(
            Journey("north", arrived, found, gone if passes else None, None if passes else gone)
        )
    return made


def counted(
    trucks: Sequence[Journey], unseen: int, day: date, before: int | None, *, begins: bool = False
) -> GateDay:
    since, to = bounds(day, ZONE)
    how = {"waiting_before": before, "from_nothing": begins}
    return count_gate("north", NAME, trucks, Seen(unseen=unseen), since=since, to=to, **how)


def assert_balanced(day: GateDay) -> None:
    there = day.waiting_before or 0
    came = day.arrived + day.found + day.unseen
    assert there + came - day.cleared_export - day.left == day.waiting
    assert day.difference == 0


@given(journeys(), st.integers(0, 5))
def test_each_day_balances_and_begins_as_the_last_ended(trucks: list[Journey], unseen: int):
    before = None
    for day in DAYS:
        gate = counted(trucks, unseen, day, before)
        assert_balanced(gate)
        assert gate.change == gate.waiting - (gate.waiting_before or 0)
        assert before is None or gate.waiting_before == before
        before = gate.waiting


@given(journeys(first_h=1), st.integers(0, 5))
def test_a_day_in_which_records_begin_balances_from_nothing(trucks: list[Journey], unseen: int):
    gate = counted(trucks, unseen, FIRST, None, begins=True)
    assert (gate.waiting_before, gate.change) == (None, None)
    assert_balanced(gate)


def figures(day: date, gate: GateDay) -> Figures:
    since, to = bounds(day, ZONE)
    return Figures("lang_son", NAME, ZONE.key, day, day, since, to, (gate,))


@given(journeys(), st.integers(0, 5), st.booleans())
def test_a_range_balances_and_its_forms_say_so(trucks: list[Journey], unseen: int, begins: bool):
    days, before = [], None
    known = [one for one in trucks if not begins or (one.arrived_at or BEGINS) > BEGINS]
    for day in DAYS:
        gate = counted(known, unseen, day, before, begins=begins and day == FIRST)
        days.append(figures(day, gate))
        before = gate.waiting
    whole = add_up(days)
    assert_balanced(whole.gates[0])
    kept = Bulletin(FIRST, 0, datetime(2024, 1, 26, tzinfo=UTC), whole)
    table = write_bulletin(kept, "csv", "en").content.decode("utf-8-sig")
    [row, _total] = csv.DictReader(io.StringIO(table))
    page = write_bulletin(kept, "html", "en").content.decode()
    on_page = dict(re.findall(r"<tr><th>([^<]+)</th><td[^>]*>([^<]*)</td>", page))
    assert {name: on_page[name].replace(",", "") for name in row if name != "Gate"} == {
        name: said or "–" for name, said in row.items() if name != "Gate"
    }
    assert int(row["Waiting at 20:00"]) == (
        int(row["Waiting at 20:00 before"] or 0)
        + int(row["New arrivals"])
        + int(row["First seen standing there"])
        + int(row["Seen passing only"])
        - int(row["Cleared, export"])
        - int(row["Left without passing"])
    )
