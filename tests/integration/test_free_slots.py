"""Another slot for who asks: only places that the next plan can give, and each of them once."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from border import Border, after, border

from flowctl.registry.places import Offer, choose, list_offers
from flowctl.registry.requests import Obstacle, RefusedError
from flowctl.state import Slot
from flowctl.storage.live import find_live
from flowctl.storage.places import list_free, save_free
from flowctl.worker import decide

TRUCKS = 30
OPENS = -60
"""Minutes after 08:00."""


@pytest.fixture
def lang_son(database: str) -> Iterator[Border]:
    with border(database) as place:
        yield place


def planned(place: Border, trucks: int = TRUCKS, **trip: str) -> list[int]:
    """Let trucks stand in the yard before the gate opens, and plan."""
    trips = [place.trip(at=after(-180), **trip) for _ in range(trucks)]
    for number, one in enumerate(trips):
        place.visit(one, "yard_bao_nguyen", -170 + number)
    plan(place, OPENS - 40)
    return trips


def plan(place: Border, minute: float) -> None:
    decide(place.conn, place.site, after(minute), plan_due=True, before=None)


def offers(place: Border, trip: int, minute: float) -> list[Offer]:
    live = find_live(place.conn, trip, site="lang_son")
    assert live is not None
    return list_offers(place.conn, place.site, live, after(minute))


def pick(place: Border, trip: int, offer: Offer, minute: float) -> None:
    slot = Slot(offer.gate, offer.starts_at)
    with place.conn.transaction():
        choose(place.conn, place.site, trip, slot, by="driver", now=after(minute))


def told(place: Border) -> dict[int, Slot]:
    rows = place.conn.execute("select trip_id, gate, starts_at from slots").fetchall()
    return {trip: Slot(gate, starts_at) for trip, gate, starts_at in rows}


def test_every_slot_that_was_chosen_is_the_one_the_next_plan_gives(lang_son: Border):
    trips = planned(lang_son)
    before = told(lang_son)
    assert set(before) == set(trips)
    chosen = {}
    for trip in trips[::3]:
        listed = offers(lang_son, trip, OPENS - 38)
        assert listed[0].starts_at > before[trip].starts_at
        assert [one.starts_at for one in listed] == sorted(one.starts_at for one in listed)
        chosen[trip] = Slot(listed[0].gate, listed[0].starts_at)
        pick(lang_son, trip, listed[0], OPENS - 38)
    assert {trip: told(lang_son)[trip] for trip in chosen} == chosen, "told at once"
    plan(lang_son, OPENS - 35)
    plan(lang_son, OPENS - 30)
    assert {trip: told(lang_son)[trip] for trip in chosen} == chosen
    heard = lang_son.conn.execute(
        "select trip_id, params->>'reason' from outbox where kind = 'slot_changed'"
        " and trip_id = any(%s)",
        [list(chosen)],
    ).fetchall()
    assert sorted(heard) == [(trip, "extension") for trip in chosen]


def test_the_last_place_goes_to_one_and_a_slot_moves_once_a_day(lang_son: Border):
    one, two, *_ = planned(lang_son)
    [first, second, *_] = offers(lang_son, one, OPENS - 38)
    lang_son.conn.execute("update free_places set free = 1 where starts_at = %s", [first.starts_at])
    pick(lang_son, one, first, OPENS - 38)
    with pytest.raises(RefusedError) as refused:
        pick(lang_son, two, first, OPENS - 37)
    assert refused.value.obstacle is Obstacle.NOT_FREE
    assert first.starts_at not in {offer.starts_at for offer in offers(lang_son, two, OPENS - 37)}
    with pytest.raises(RefusedError) as refused:
        pick(lang_son, one, second, OPENS - 36)
    assert refused.value.obstacle is Obstacle.USED_UP
    assert offers(lang_son, one, OPENS - 36) == []


def test_a_plan_made_from_before_a_choice_does_not_offer_its_place_again(lang_son: Border):
    one, *_ = planned(lang_son)
    [offer, *_] = offers(lang_son, one, OPENS - 38)
    made = list_free(lang_son.conn, "lang_son", ["tan_thanh"])
    pick(lang_son, one, offer, OPENS - 38)
    [(newest,)] = lang_son.conn.execute("select max(id) from plans").fetchall()

    def left(since: float) -> int:
        save_free(lang_son.conn, "lang_son", newest, made, now=after(since))
        free = list_free(lang_son.conn, "lang_son", ["tan_thanh"])
        return sum(place.free for place in free)

    assert left(OPENS - 37) - left(OPENS - 39) == 1


def test_a_slot_nobody_can_reach_or_that_is_of_another_gate_is_not_offered(lang_son: Border):
    trip, *_ = planned(lang_son)
    road = lang_son.site.yard_by_id["yard_bao_nguyen"].access_to("tan_thanh")
    assert road is not None
    late = OPENS + 30
    lang_son.conn.execute("update slots set starts_at = %s where trip_id = %s", [after(late), trip])
    soonest = after(late) + timedelta(seconds=road.travel_s)
    listed = offers(lang_son, trip, late)
    assert listed
    assert all(one.gate == "tan_thanh" and one.starts_at > soonest for one in listed)
    with pytest.raises(RefusedError, match="not free"):
        pick(lang_son, trip, Offer("huu_nghi", *(listed[0].starts_at,) * 2, 1), late)


def test_who_must_be_planned_with_others_is_offered_nothing(lang_son: Border):
    trips = planned(lang_son, 3, convoy="dong-nam", haulier="Minh Phat")
    assert offers(lang_son, trips[0], OPENS - 38) == []


def test_a_haulier_with_its_share_of_the_hour_is_offered_other_hours(lang_son: Border):
    def hours(trip: int) -> set[int]:
        return {one.starts_at.hour for one in offers(lang_son, trip, OPENS - 38)}

    mine, *others = planned(lang_son, 12, haulier="Minh Phat")
    slots = told(lang_son)
    own = slots[mine].starts_at.hour
    full = {slots[trip].starts_at.hour for trip in others} - {own}
    assert own in hours(mine), "its own place there is given up"
    assert not hours(mine) & full
    lang_son.conn.execute("update trips set haulier = null where id = %s", [mine])
    assert hours(mine) & full
