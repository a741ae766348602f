"""What an alert costs by the site's policy: at once, once confirmed, or nothing, and given back."""

from collections.abc import Iterator

import pytest
from alert_looks import PUNISHED, QUEUE, YARD, decide, look, swap
from border import MORNING, Border, after, border

from flowctl.storage.alert_care import decide_alert
from flowctl.storage.alerts import State, get_alert, list_alerts
from flowctl.storage.partitions import ensure_fix_partitions
from flowctl.storage.penalties import lift_penalty, list_penalties


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as made:
        ensure_fix_partitions(made.conn, MORNING.date(), MORNING.date())
        yield made


def test_a_fact_costs_seniority_at_once_where_the_policy_says_so_and_only_once(place: Border):
    trip = place.trip()
    place.visit(trip, YARD, 0, 3)
    place.visit(trip, QUEUE, 5)
    [alert] = look(place, 12, PUNISHED)
    look(place, 13, PUNISHED)
    [penalty] = list_penalties(place.conn, place.site.id, trip)
    assert (penalty.kind, penalty.actor, penalty.id) == ("unreleased", "flowctl", alert.penalty_id)
    assert penalty.loses_s == 12 * 60
    [entry] = place.conn.execute("select reason from ledger where kind = 'penalty'").fetchall()
    assert entry == ("unreleased",)


def test_what_was_over_before_the_rules_punished_it_costs_nothing(place: Border):
    over, lasts = place.trip(), place.trip()
    place.visit(over, QUEUE, 5, 20)
    place.visit(lasts, QUEUE, 5)
    assert len(look(place, 15)) == 2
    assert len(look(place, 200, PUNISHED)) == 2
    assert list_penalties(place.conn, place.site.id, over) == []
    assert [one.kind for one in list_penalties(place.conn, place.site.id, lasts)] == ["unreleased"]


def test_without_a_policy_an_alert_costs_nothing_even_confirmed(place: Border):
    trip = place.trip()
    place.visit(trip, QUEUE, 5)
    [alert] = look(place, 12)
    assert list_penalties(place.conn, place.site.id, trip) == []
    with place.conn.transaction():
        decide_alert(
            place.conn,
            place.site,
            alert.id,
            state=State.CONFIRMED,
            note="seen",
            by="operator",
            now=after(20),
        )
    assert list_penalties(place.conn, place.site.id, trip) == []


def test_a_conclusion_costs_seniority_only_once_an_operator_confirms_it(place: Border):
    trip = swap(place)
    [alert] = look(place, 31, PUNISHED)
    assert (alert.kind, alert.evidence["how"]) == ("swapped", "another_device")
    assert list_penalties(place.conn, place.site.id, trip) == []
    decide(place, alert.id, State.CONFIRMED)
    [penalty] = list_penalties(place.conn, place.site.id, trip)
    assert (penalty.kind, penalty.actor) == ("swapped", "operator")
    assert get_alert(place.conn, place.site.id, alert.id).penalty_id == penalty.id


def test_what_it_cost_is_given_back_when_it_turns_out_to_be_nothing(place: Border):
    trip = swap(place)
    [alert] = look(place, 31, PUNISHED)
    decide(place, alert.id, State.CONFIRMED)
    decide(place, alert.id, State.DISMISSED, "the tracker broke; the officer saw it")
    [penalty] = list_penalties(place.conn, place.site.id, trip)
    assert penalty.lifted_by == "operator"


def test_a_penalty_that_was_lifted_at_the_trip_no_longer_stands_at_its_alert(place: Border):
    trip = swap(place)
    [alert] = look(place, 31, PUNISHED)
    decide(place, alert.id, State.CONFIRMED)
    [penalty] = list_penalties(place.conn, place.site.id, trip)
    lift_penalty(place.conn, place.site, trip, penalty.id, actor="operator", now=after(50))
    [shown] = list_alerts(place.conn, place.site.id)
    assert (shown.state, shown.penalty_id) == ("confirmed", None)
