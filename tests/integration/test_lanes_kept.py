"""Lanes that change class are kept with the plan, read by the next one, and shown to planners."""

from dataclasses import replace
from datetime import datetime

from api_server import RunningApi
from border import after

from flowctl.lanes import LaneClass
from flowctl.registry.accounts import Role
from flowctl.site import Site
from flowctl.state import Cargo
from flowctl.storage.plans import list_lanes
from flowctl.worker import decide


def with_changing_lanes(site: Site) -> Site:
    """Let the lanes of Tân Thanh lend places: three for cold cargo, the others for dry."""
    gate = site.gate_by_id["tan_thanh"]
    lanes = (
        LaneClass("cold", 3, ("reefer", "perishable"), switchable=True),
        LaneClass("dry", gate.inspection_places - 3, ("normal",), switchable=True),
    )
    changed = replace(gate, lane_classes=lanes)
    return replace(site, gates=tuple(changed if one is gate else one for one in site.gates))


def test_lanes_are_kept_with_the_plan_and_the_next_one_begins_with_them(api: RunningApi):
    place = api.border
    site = with_changing_lanes(place.site)
    for number in range(150):
        trip = place.trip(at=after(-120), cargo=Cargo.REEFER)
        place.visit(trip, "yard_bao_nguyen", -110 + number / 10)
    decide(place.conn, site, after(-75), plan_due=True)
    kept = list_lanes(place.conn, site.id)
    cold = [use for use in kept if use.lane_class == "cold"]
    assert cold[0].places == 3
    assert cold[1].places > 3
    shown = api.person(Role.PLANNER).get("/v1/plans/latest").json()["lanes"]
    assert [(one["gate"], one["lane_class"], one["places"]) for one in shown] == [
        (use.gate, use.lane_class, use.places) for use in kept
    ]
    assert datetime.fromisoformat(shown[0]["starts_at"]) == kept[0].starts_at
    later = cold[1].starts_at
    decide(place.conn, site, later, plan_due=True)
    # Of the slot in which they changed the next plan still knows that nobody goes there.
    again = [use for use in list_lanes(place.conn, site.id) if use.lane_class == "cold"]
    assert [use.places for use in again][:2] == [3, cold[1].places]
    assert again[1].starts_at == later


def test_a_place_is_worth_something_in_each_class_that_is_short_of_them(api: RunningApi):
    place = api.border
    site = with_changing_lanes(place.site)
    for number in range(200):
        cargo = Cargo.REEFER if number % 4 == 0 else Cargo.NORMAL
        trip = place.trip(at=after(-120), cargo=cargo)
        place.visit(trip, "yard_bao_nguyen", -110 + number / 10)
    decide(place.conn, site, after(-75), plan_due=True)
    shown = api.person(Role.PLANNER).get("/v1/plans/latest").json()["prices"]
    worth = {(one["lane_class"], one["starts_at"]) for one in shown if one["gate"] == "tan_thanh"}
    assert {lanes for lanes, _ in worth} == {"cold", "dry"}
    assert len(worth) == len(shown) > len({at for _, at in worth})


def test_sites_without_such_lanes_keep_none(api: RunningApi):
    api.border.trip(at=after(-120))
    decide(api.border.conn, api.border.site, after(-75), plan_due=True)
    assert list_lanes(api.border.conn, api.border.site.id) == ()
    assert api.person(Role.PLANNER).get("/v1/plans/latest").json()["lanes"] == []
