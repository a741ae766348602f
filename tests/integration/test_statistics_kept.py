"""Statistics with a real database: counted from facts, kept for ever, asked for in every form."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from api_server import RunningApi
from border import Border, after, border
from psycopg.types.json import Jsonb

from flowctl.registry.accounts import Role
from flowctl.statistics import Part, Period, Row, report
from flowctl.storage.ended import forget_ended
from flowctl.storage.statistics import read_days, settle_day

DAY = date(2024, 1, 23)
NIGHT = datetime(2024, 1, 23, 17, 20, tzinfo=UTC)  # 00:20 at the gates, the day is over
GATE = frozenset({Part.GATE, Part.DIRECTION})


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as there:
        yield there


def day_at(place: Border) -> list[int]:
    """Let three trucks come, two be called and pass, an import be seen, and fees be paid."""
    trips = []
    for minute, through in ((10, 130), (20, 200), (30, None)):
        trip = place.trip(at=after(-60))
        trips.append(trip)
        place.visit(trip, "yard_bao_nguyen", minute, None if through is None else through - 40)
        if through is None:
            continue
        place.release(trip, through - 42, until=through)
        place.visit(trip, "queue_tan_thanh", through - 32, through - 12)
        place.visit(trip, "lane_tan_thanh", through - 12, through)
    for kind, minute in (("entered", 60), ("cleared", 75)):
        place.conn.execute(
            "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by,"
            " recorded_at) values (%s, 'tan_thanh', 'import', %s, '12C99999', %s, 'gates', %s)",
            [place.site.id, kind, after(minute), after(minute)],
        )
    pay_cash(place, trips[0])
    return trips


def pay_cash(place: Border, trip: int) -> None:
    [(schedule,)] = place.conn.execute(
        "insert into fee_schedules (site, version, valid_from, definition, loaded_by, loaded_at)"
        " values (%s, 'of the test', %s, '', 'test', %s) returning id",
        [place.site.id, after(-600), after(-600)],
    ).fetchall()
    place.conn.execute(
        "insert into payments (site, trip_id, plate, gate, schedule_id, amount_vnd, services,"
        " method, reference, receipt, year, paid_at, recorded_by, recorded_at, origin)"
        " values (%s, %s, '12C00001', 'tan_thanh', %s, 350000, '{}', 'cash', 'A1', 1, 2024, %s,"
        " 'tax', %s, 'hand')",
        [place.site.id, trip, schedule, after(50), after(50)],
    )


def lines(place: Border, now: datetime = NIGHT, until: date = DAY) -> dict[tuple[str, str], Row]:
    found = read_days(place.conn, place.site, DAY, until, now)
    rows = report(found, period=Period.ALL, by=GATE)
    return {(one.measure, one.direction): one for one in rows if one.gate == "tan_thanh"}


def test_a_day_says_what_came_what_passed_and_where_trucks_waited(place: Border):
    day_at(place)
    found = lines(place)
    assert found["declared", "export"].n == 3
    assert found["arrived", "export"].n == 3
    assert (found["crossed", "export"].n, found["crossed", "import"].n) == (2, 1)
    assert found["called", "export"].n == 2
    waits = {name: found[name, "export"].mean_s for name in ("in_yard", "to_gate", "in_queue")}
    assert waits == {"in_yard": 108 * 60, "to_gate": 10 * 60, "in_queue": 20 * 60}
    assert found["in_lane", "export"].p90_s == pytest.approx(12 * 60, rel=0.025)
    assert found["in_all", "import"].mean_s == 15 * 60
    paid = found["paid", "export"]
    assert (paid.n, paid.sum_vnd) == (1, 350_000)


def test_a_truck_that_tracker_and_officer_both_saw_pass_counts_once(place: Border):
    day_at(place)
    [(plate,)] = place.conn.execute("select plate from trips order by id limit 1").fetchall()
    place.conn.execute(
        "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by,"
        " recorded_at) values (%s, 'tan_thanh', 'export', 'cleared', %s, %s, 'gates', %s)",
        [place.site.id, plate, after(131), after(131)],
    )
    assert lines(place)["crossed", "export"].n == 2


def test_a_day_is_counted_once_it_is_over_and_again_when_no_fix_can_come_any_more(place: Border):
    trips = day_at(place)
    assert settle_day(place.conn, place.site, NIGHT - timedelta(minutes=10)) is None
    # The trips were declared an hour before the morning; nothing was there before them.
    assert settle_day(place.conn, place.site, NIGHT) == DAY
    assert settle_day(place.conn, place.site, NIGHT + timedelta(minutes=5)) is None
    place.visit(trips[2], "queue_tan_thanh", 300, 310)
    place.visit(trips[2], "lane_tan_thanh", 310, 330)
    assert lines(place)["crossed", "export"].n == 2, "what was kept stands until then"
    later = NIGHT + timedelta(seconds=place.site.lateness_limit_s, minutes=15)
    again = [settle_day(place.conn, place.site, later) for _ in range(9)]
    assert again == [DAY + timedelta(days=n) for n in range(7, -1, -1)] + [None], "a day a call"
    assert lines(place)["crossed", "export"].n == 3


def test_numbers_stay_when_the_trips_are_forgotten(place: Border):
    day_at(place)
    settle_day(place.conn, place.site, NIGHT)
    before = lines(place)
    place.conn.execute("update trips set state = 'cleared', ended_at = %s", [after(400)])
    place.conn.execute("update payments set trip_id = null")
    assert forget_ended(place.conn, place.site, NIGHT + timedelta(days=800)) == 3
    assert lines(place) == before


def test_a_running_day_is_counted_as_far_as_it_is(place: Border):
    day_at(place)
    assert lines(place, now=after(140))["declared", "export"].n == 3


def test_a_stage_lasts_from_when_its_desk_could_decide(place: Border):
    trip = place.trip(at=after(0))
    place.conn.execute("delete from trip_stages where trip_id = %s", [trip])
    for stage, desk, minute in (("first", "customs", 5), ("second", "tax", 45)):
        place.conn.execute(
            "insert into trip_stages (trip_id, stage, site, gate, direction, desk, position, state,"
            " since) values (%s, %s, %s, 'tan_thanh', 'export', %s, 0, 'confirmed', %s)",
            [trip, stage, place.site.id, desk, after(minute)],
        )
    found = report(
        read_days(place.conn, place.site, DAY, DAY, NIGHT),
        period=Period.ALL,
        by=frozenset({Part.DESK, Part.OF}),
    )
    lasted = {(one.desk, one.of): one.mean_s for one in found if one.measure == "stage"}
    # Neither is a stage of the workflow, so that each could be decided from the beginning on.
    assert lasted == {("customs", "first"): 5 * 60, ("tax", "second"): 45 * 60}


def test_refused_stages_are_counted_by_desk(place: Border):
    trip = place.trip(at=after(0))
    place.conn.execute("delete from trip_stages where trip_id = %s", [trip])
    place.conn.execute(
        "insert into trip_stages (trip_id, stage, site, gate, direction, desk, position, state,"
        " since) values (%s, 'papers', %s, 'tan_thanh', 'export', 'customs', 0, 'refused', %s)",
        [trip, place.site.id, after(9)],
    )
    found = report(
        read_days(place.conn, place.site, DAY, DAY, NIGHT),
        period=Period.ALL,
        by=frozenset({Part.DESK}),
    )
    refused = [one for one in found if one.measure == "refused"]
    assert [one.desk for one in refused] == ["customs"]


def asked(api: RunningApi, path: str, **how: Any) -> Any:  # noqa: ANN401 - an answer
    return api.person(Role.PLANNER).get(path, params=how)


def test_the_api_gives_a_report_as_json_and_as_files(api: RunningApi):
    day_at(api.border)
    span = {"since": "2024-01-23", "until": "2024-01-23"}
    answer = asked(api, "/v1/reports", **span, period="all", by=["gate", "direction"])
    assert answer.status_code == 200, answer.text
    declared = [one for one in answer.json()["rows"] if one["measure"] == "declared"]
    assert [(one["gate"], one["direction"], one["n"]) for one in declared] == [
        ("tan_thanh", "export", 3)
    ]
    book = openpyxl.load_workbook(
        BytesIO(asked(api, "/v1/reports.xlsx", **span, language="vi").content)
    )
    assert [sheet.title for sheet in book.worksheets] == [
        "Báo cáo và thống kê",
        "Từ điển dữ liệu",
    ]
    csv = asked(api, "/v1/reports.csv", **span, language="zh")
    assert csv.headers["content-type"].startswith("text/csv")
    assert "申报" in csv.text
    assert asked(api, "/v1/reports.parquet", **span).content[:4] == b"PAR1"
    codes = [one["code"] for one in asked(api, "/v1/reports/dictionary", language="en").json()]
    assert "in_yard" in codes


def test_a_running_day_is_counted_once_for_all_who_ask_within_seconds(api: RunningApi):
    api.clock.at = after(0)
    api.border.trip(at=after(-5))
    planner = api.person(Role.PLANNER)
    span = {"since": "2024-01-23", "until": "2024-01-23", "period": "all"}

    def declared() -> tuple[int, datetime]:
        told = planner.get("/v1/reports", params=span).json()
        [row] = [one for one in told["rows"] if one["measure"] == "declared"]
        return row["n"], datetime.fromisoformat(told["counted_at"])

    assert declared() == (1, after(0))
    api.border.trip(at=after(-1))
    api.clock.at += timedelta(seconds=14)
    assert declared() == (1, after(0)), "and it is said when it was counted"
    api.clock.at += timedelta(seconds=1)
    assert declared() == (2, api.clock.at)


def test_days_that_cannot_be_are_refused_in_words(api: RunningApi):
    turned = asked(api, "/v1/reports", since="2024-01-23", until="2024-01-20")
    assert (turned.status_code, turned.json()["type"]) == (422, "urn:flowctl:range_turned")
    ahead = asked(api, "/v1/reports.csv", since="2034-01-23", until="2034-01-23")
    assert ahead.json()["type"] == "urn:flowctl:range_ahead"
    assert asked(api, "/v1/reports", since="soon", until="later").status_code == 422
    assert api.person(Role.HAULIER).get("/v1/reports", params={}).status_code == 403


def test_bins_are_kept_as_they_were_counted(place: Border):
    day_at(place)
    settle_day(place.conn, place.site, NIGHT)
    [(bins,)] = place.conn.execute(
        "select bins from statistics where measure = 'in_queue' and n = 1 limit 1"
    ).fetchall()
    assert list(bins.values()) == [1]
    place.conn.execute(
        "update statistics set bins = %s where measure = 'in_queue'", [Jsonb({"10": 1})]
    )
    assert lines(place)["in_queue", "export"].p50_s == pytest.approx(1.05**10.5)
