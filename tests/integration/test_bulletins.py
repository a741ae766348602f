"""Bulletins with a real database: made by themselves, kept, revised, asked for."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from api_server import RunningApi
from border import MORNING, Border, after, border

from flowctl.registry.accounts import Role
from flowctl.storage.bulletins import find_bulletin, make_due, revise
from flowctl.storage.webhooks import add_webhook

DAY = date(2024, 1, 23)
EVENING = datetime(2024, 1, 23, 13, 20, tzinfo=UTC)  # 20:20 at the gates


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as there:
        yield there


def day_at(place: Border) -> None:
    """Let three trucks come and two pass, one of them overtaken, and an import."""
    for minute, through in ((10, 130), (20, 200), (30, None)):
        trip = place.trip(at=after(-60))
        place.visit(trip, "yard_bao_nguyen", minute, None if through is None else through - 30)
        if through is not None:
            place.visit(trip, "queue_tan_thanh", through - 25, through - 12)
            place.visit(trip, "lane_tan_thanh", through - 12, through)
    place.conn.execute(
        "insert into gate_events (site, gate, direction, kind, truck, at, recorded_by, recorded_at)"
        " values (%s, 'tan_thanh', 'import', 'cleared', 'x', %s, 'gates', %s)",
        [place.site.id, after(60), after(60)],
    )
    place.conn.execute(
        "insert into closures (site, gate, starts_at, ends_at, places_left, reason, entered_by,"
        " changed_at) values (%s, 'tan_thanh', %s, %s, 0, '<b>=1+1</b>', 'x', %s)",
        [place.site.id, after(300), after(360), MORNING],
    )


def make(place: Border, now: datetime = EVENING) -> int:
    with place.conn.transaction():
        return len(make_due(place.conn, place.site, now))


def tan_thanh(place: Border, version: int | None = None) -> Any:  # noqa: ANN401
    found = find_bulletin(place.conn, place.site.id, DAY, version)
    assert found is not None
    return next(gate for gate in found.figures.gates if gate.gate == "tan_thanh")


def test_a_day_is_counted_once_when_it_is_over(place: Border):
    day_at(place)
    assert make(place, EVENING - timedelta(minutes=10)) == 0, "not yet settled"
    assert make(place) == 1
    assert make(place, EVENING + timedelta(minutes=10)) == 0
    gate = tan_thanh(place)
    assert (gate.arrived, gate.cleared_export, gate.cleared_import, gate.waiting) == (3, 2, 1, 1)
    assert (gate.mean_wait_min, gate.p95_wait_min, gate.difference) == (150, 180, 0)


def test_nothing_is_made_of_a_site_where_nothing_happened(place: Border):
    assert make(place) == 0


def test_facts_that_come_late_make_a_further_version_and_keep_the_first(place: Border):
    day_at(place)
    make(place)
    late = place.trip(at=after(-60))
    place.visit(late, "yard_bao_nguyen", 40)
    with place.conn.transaction():
        made = revise(place.conn, place.site, DAY, EVENING + timedelta(hours=1))
    assert made is not None
    assert made.version == 2
    assert {(one.figure, one.was, one.now) for one in made.changed} == {
        ("arrived", 3, 4),
        ("waiting", 1, 2),
    }
    assert (tan_thanh(place, 1).waiting, tan_thanh(place).waiting) == (1, 2)
    with place.conn.transaction():
        assert revise(place.conn, place.site, DAY, EVENING + timedelta(hours=2)) is None


def test_the_next_day_begins_where_this_one_ended_and_revises_it(place: Border):
    day_at(place)
    make(place)
    late = place.trip(at=after(-60))
    place.visit(late, "yard_bao_nguyen", 40)
    assert make(place, EVENING + timedelta(days=1)) == 2, "the day, and its eve anew"
    following = find_bulletin(place.conn, place.site.id, DAY + timedelta(days=1))
    assert following is not None
    [gate] = [one for one in following.figures.gates if one.gate == "tan_thanh"]
    assert (gate.waiting_before, gate.waiting, gate.difference) == (2, 2, 0)


def test_a_truck_that_stood_there_when_first_seen_is_no_new_arrival(place: Border):
    day_at(place)
    place.conn.execute("update visits set seen_inside = true where role = 'yard'")
    make(place)
    gate = tan_thanh(place)
    assert (gate.arrived, gate.found, gate.difference) == (0, 3, 0)
    assert gate.mean_wait_min is None


def test_on_the_day_records_begin_nobody_knows_who_waited_before(place: Border):
    day_at(place)
    make(place)
    found = find_bulletin(place.conn, place.site.id, DAY)
    assert found is not None
    assert found.figures.began_at == after(10)
    assert (tan_thanh(place).waiting_before, tan_thanh(place).change) == (None, None)


def test_who_was_seen_before_the_day_began_makes_its_beginning_known(place: Border):
    place.visit(place.trip(at=after(-1000)), "yard_bao_nguyen", -900)
    day_at(place)
    make(place)
    gate = tan_thanh(place)
    assert (gate.waiting_before, gate.waiting, gate.change, gate.difference) == (1, 2, 1, 0)


def act(place: Border, kind: str, state: str, **said: Any) -> None:  # noqa: ANN401
    values = {"gate": "tan_thanh", "starts_at": after(60), "ends_at": after(120), **said}
    place.conn.execute(
        "insert into acts (site, kind, state, reason, note, gate, cargo, haulier, per_h, starts_at,"
        " ends_at, entered_by, entered_at, approved_at, ended_at, outcome) values (%s, %s, %s,"
        " 'other', 'only for colleagues', %s, %s, %s, %s, %s, %s, 'x', %s, %s, %s, %s)",
        [
            *(place.site.id, kind, state, values["gate"], said.get("cargo"), said.get("haulier")),
            *(said.get("per_h"), values["starts_at"], values["ends_at"], after(0)),
            *(said.get("approved_at"), said.get("ended_at"), said.get("outcome")),
        ],
    )


def test_what_operators_set_for_a_gate_or_a_class_is_told_as_it_stood(place: Border):
    day_at(place)
    act(place, "capacity", "done", per_h=30.0, approved_at=after(70))
    act(place, "open_gate", "ended", starts_at=after(560), ends_at=after(700), ended_at=after(600))
    act(place, "hold_class", "standing", gate=None, starts_at=None, ends_at=None, haulier="Firm")
    act(place, "hold_class", "lapsed", cargo="reefer", outcome="longest_hold", ended_at=after(90))
    act(place, "open_gate", "lapsed", starts_at=after(561), outcome="not_approved", ends_at=None)
    act(place, "capacity", "refused", per_h=1.0)
    act(place, "hold_class", "ended", starts_at=after(400), ends_at=None, ended_at=after(300))
    act(place, "hold_truck", "standing")
    make(place)
    found = find_bulletin(place.conn, place.site.id, DAY)
    assert found is not None
    told = [one for one in found.figures.incidents if one.kind != "closure"]
    assert [(one.kind, one.gate, one.since, one.until) for one in told] == [
        ("hold_class", None, after(0), None),
        ("hold_class", "tan_thanh", after(60), after(90)),
        ("capacity", "tan_thanh", after(70), after(120)),
        ("open_gate", "tan_thanh", after(560), after(600)),
    ]
    assert [told[0].one_haulier, told[1].cargo, told[2].per_h] == [True, "reefer", 30.0]
    said = msgspec.json.encode(found)
    assert b"Firm" not in said
    assert b"colleagues" not in said


def test_receivers_of_webhooks_are_told(place: Border):
    add_webhook(place.conn, place.site.id, url="https://x", secret_cipher=b"x", by="x", now=MORNING)
    day_at(place)
    make(place)
    [(body,)] = place.conn.execute("select body from webhook_deliveries").fetchall()
    assert '"type":"bulletin.made"' in body
    assert '"day":"2024-01-23"' in body


@pytest.fixture
def evening(api: RunningApi) -> RunningApi:
    day_at(api.border)
    api.clock.at = EVENING
    return api


@pytest.mark.parametrize("role", [Role.PLANNER, Role.OPERATOR, Role.OFFICER, Role.ADMINISTRATOR])
def test_the_control_room_reads_any_day_that_is_over(evening: RunningApi, role: Role):
    client = evening.person(role)
    page = client.get("/v1/bulletins/2024-01-23.html?lang=en")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Bulletin of 23/01/2024" in page.text
    assert "&lt;b&gt;=1+1&lt;/b&gt;" in page.text
    [listed] = client.get("/v1/bulletins").json()
    assert (listed["day"], listed["version"], listed["arrived"]) == ("2024-01-23", 1, 3)


def test_each_form_comes_as_what_it_is(evening: RunningApi):
    client = evening.person(Role.PLANNER)
    begins = {"csv": b"\xef\xbb\xbf", "xlsx": b"PK", "pdf": b"%PDF", "json": b"{"}
    for form, first in begins.items():
        answer = client.get(f"/v1/bulletins/2024-01-23.{form}?lang=vi")
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(first)
        assert f".{form}" in answer.headers["Content-Disposition"]


def test_several_days_are_added_up(evening: RunningApi):
    evening.clock.at = EVENING + timedelta(days=1)
    answer = evening.person(Role.PLANNER).get("/v1/bulletins/2024-01-23.json?until=2024-01-24")
    figures = answer.json()["figures"]
    [gate] = [one for one in figures["gates"] if one["gate"] == "tan_thanh"]
    assert (figures["day"], figures["until"]) == ("2024-01-23", "2024-01-24")
    assert (gate["arrived"], gate["waiting"]) == (3, 1)


def test_the_day_that_runs_says_when_its_bulletin_comes_and_what_it_came_to_so_far(
    evening: RunningApi,
):
    evening.clock.at = after(25)
    client = evening.person(Role.OFFICER)
    coming = client.get("/v1/bulletins/next").json()
    assert (coming["day"], coming["comes_at"]) == ("2024-01-23", "2024-01-23T13:15:00Z")
    assert (coming["arrived"], coming["waiting"], coming["cleared_export"]) == (2, 2, 0)
    page = client.get("/v1/bulletins/running.html?lang=en").text
    assert "Bulletin of 23/01/2024, not finished" in page
    assert "counted until 08:25" in page
    assert client.get("/v1/bulletins").json() == [], "nothing of it is kept"


def test_after_the_evening_the_day_that_runs_is_tomorrows(evening: RunningApi):
    client = evening.person(Role.PLANNER)
    client.get("/v1/bulletins/2024-01-23.html")
    running = client.get("/v1/bulletins/running.json").json()
    assert (running["day"], running["version"]) == ("2024-01-24", 0)
    [gate] = [one for one in running["figures"]["gates"] if one["gate"] == "tan_thanh"]
    assert (gate["waiting_before"], gate["arrived"], gate["waiting"]) == (1, 0, 1)


@pytest.mark.parametrize("who", ["nobody", "haulier"])
def test_others_do_not_read_bulletins(evening: RunningApi, who: str):
    client = evening.client() if who == "nobody" else evening.person(Role.HAULIER)
    assert client.get("/v1/bulletins").status_code in (401, 403)
    assert client.get("/v1/bulletins/2024-01-23.html").status_code in (401, 403)


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ("2024-01-23.html?until=2024-01-22", 422, "before it begins"),
        ("2024-01-24.html", 422, "until 20:00"),
        ("2024-01-22.html", 404, "first day known is 2024-01-23"),
        ("2022-01-01.html?until=2024-01-23", 422, "366"),
        ("2024-01-23.html?lang=fr", 422, "fr"),
        ("2024-01-23.pdf?lang=zh", 422, "Chinese"),
        ("2024-01-23.exe", 404, "exe"),
        ("2024-02-31.html", 404, "2024-02-31"),
        ("..%2f..%2fetc.html", 404, ""),
        ("2024-01-23.html?version=7", 404, "version 7"),
        ("2024-01-23.html?gate=x", 422, "gate"),
        ("running.html?until=2024-01-24", 422, "neither versions"),
        ("running.exe", 404, "exe"),
        ("0001-01-01.html?until=0001-01-02", 404, "first day"),
    ],
)
def test_bad_wishes_are_refused_in_a_sentence(
    evening: RunningApi, asked: str, status: int, said: str
):
    answer = evening.person(Role.PLANNER).get(f"/v1/bulletins/{asked}")
    assert answer.status_code == status, answer.text
    assert said in answer.text
