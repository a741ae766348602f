import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np
import pytest
import shapely
from builders import at, small_gate, small_site

from api.frames import encode
from api.picture import Picture, make_picture
from flowctl.data_files import data_dir
from flowctl.site import Site
from flowctl.site_files import load_site
from flowctl.state import GateHistory
from flowctl.storage.live import GateState, LiveRow
from flowctl.storage.traffic import QueueState

SITE = small_site([small_gate("north"), small_gate("south")])
NOW = at("10:00")


def row(number: int, **values: object) -> LiveRow:
    """Return a truck on the road that moved half a minute ago, but for the values."""
    made = LiveRow(
        id=number,
        plate=f"12C{number:05d}",
        direction="export",
        cargo="normal",
        gates=["north"],
        ready_at=at("07:00"),
        registered_at=at("06:00"),
        state="active",
        ended_at=None,
        fixed_at=NOW - timedelta(seconds=30),
        lon=106.7,
        lat=21.9,
        speed_mps=12.0,
        heading_deg=10.0,
        arrived_at=None,
        counted_at=None,
        yard=None,
        queued_at=None,
        queued_gate=None,
        lane_at=None,
        cleared_at=None,
        told_gate=None,
        told_starts_at=None,
        told_at=None,
        released_at=None,
        released_gate=None,
        release_expires_at=None,
    )
    return made._replace(**values)


def picture(
    *rows: LiveRow,
    site: Site = SITE,
    now: datetime = NOW,
    histories: Sequence[GateHistory] = (),
    states: Sequence[GateState] = (),
    queues: Sequence[QueueState] = (),
) -> Picture:
    return make_picture(
        site,
        now,
        rows=rows,
        histories=histories,
        states=states,
        queues=queues,
        inside={"yard": 3},
        flows={"yard": (5, 2)},
        held={1},
        alarmed={2},
        alerts=0,
        marks={"closures": "1"},
    )


def test_a_gate_shows_how_far_its_queue_reaches_back():
    queue = QueueState("north", NOW, tail_m=312.4, trucks=14, moving_share=0.0)
    gate, unknown = picture(queues=[queue]).gates
    assert (gate.queue_tail_m, gate.queue_trucks) == (312, 14)
    assert (unknown.queue_tail_m, unknown.queue_trucks) == (None, None)


@pytest.mark.parametrize(
    ("speed", "silent_for", "state"),
    [
        (12.0, timedelta(seconds=30), "moving"),
        (12.0, timedelta(minutes=4), "silent"),
        (0.0, timedelta(minutes=4), "parked"),
        (0.0, timedelta(minutes=16), "parked"),
        (None, timedelta(minutes=16), "parked"),
        (0.0, timedelta(minutes=21), "silent"),
    ],
)
def test_a_parked_truck_may_be_quiet_for_longer_than_a_moving_one(
    speed: float | None, silent_for: timedelta, state: str
):
    shown = picture(row(1, speed_mps=speed, fixed_at=NOW - silent_for))
    assert shown.trucks[1].state == state


def test_a_truck_in_a_yard_or_at_the_gate_shows_its_stage_however_quiet():
    quiet = {"fixed_at": NOW - timedelta(hours=2), "arrived_at": at("07:00"), "yard": "yard"}
    called = {"released_at": at("09:50"), "release_expires_at": at("10:50")}
    gone = {"yard": None, "queued_at": at("09:55")}
    shown = picture(
        row(1, **quiet),
        row(2, **quiet | called),
        row(3, **quiet | called | gone),
        row(4, **quiet | called | gone | {"lane_at": at("09:58")}),
        row(5, **quiet | called | {"release_expires_at": at("09:59")}),
        row(6, **quiet | called | gone | {"cleared_at": at("09:59")}),
    )
    assert {key: truck.state for key, truck in shown.trucks.items()} == {
        1: "staged",
        2: "released",
        3: "queued",
        4: "in_lane",
        5: "staged",
    }


def test_a_gate_is_counted_from_the_trips_until_the_controller_has_looked():
    staged = {"arrived_at": at("07:00"), "yard": "yard"}
    called = staged | {"released_at": at("09:50"), "release_expires_at": at("10:50")}
    shown = picture(
        row(1, **staged),
        row(2, **staged),
        row(3, **called),
        row(4, **called, queued_at=at("09:55")),
        row(5, **staged, gates=["south"]),
        row(6, direction="import"),
    )
    north, south = shown.gates
    assert (north.waiting, north.in_transit, north.queued, north.in_lane) == (2, 1, 1, 0)
    assert (south.waiting, south.queued) == (1, 0)
    assert (north.n_target, north.capacity_per_h, north.wait_s) == (None, None, None)
    assert [(yard.id, yard.occupancy) for yard in shown.yards] == [("yard", 3)]


def state(gate: str, **values: float) -> GateState:
    figures: dict[str, float] = {
        "capacity_per_h": 20.0,
        "capacity_low": 15.0,
        "capacity_high": 25.0,
        "n_target": 9.0,
        "in_transit": 1,
        "queued": 5,
        "in_lane": 4,
        "waiting": 30,
        **values,
    }
    return GateState(gate, NOW, **figures)  # type: ignore[arg-type]


def test_the_queue_is_worth_what_the_gate_takes_to_work_it_off():
    shown = picture(states=[state("north", queued=5, capacity_per_h=20.0), state("south")])
    assert shown.gates[0].wait_s == 900
    stopped = picture(states=[state("north", capacity_per_h=0.0)])
    assert stopped.gates[0].wait_s is None


def test_slots_ahead_show_what_they_hold_and_may_hold():
    told = [
        row(number, arrived_at=at("07:00"), yard="yard", told_gate="north", told_starts_at=start)
        for number, start in enumerate([at("10:00")] * 5 + [at("10:15")] * 5 + [at("10:30")] * 4)
    ]
    north = picture(*told, states=[state("north", capacity_per_h=20.0)]).gates[0]
    assert [slot.planned for slot in north.slots[:4]] == [5, 5, 4, 0]
    assert {slot.capacity for slot in north.slots} == {5}


def test_no_slot_lies_in_the_night():
    shown = picture(now=at("17:40")).gates[0]
    starts = [slot.starts_at for slot in shown.slots]
    assert starts[:4] == [at("17:30"), at("17:45"), at("07:00", day=24), at("07:15", day=24)]
    assert [slot.capacity for slot in shown.slots[:3]] == [2, 5, 5], "five minutes are left"
    assert (shown.open, shown.next_change_at) == (True, at("18:00"))
    night = picture(now=at("23:00")).gates[0]
    assert (night.open, night.next_change_at) == (False, at("07:00", day=24))


def test_what_passed_before_local_midnight_is_not_todays():
    moments = [at("23:50", day=22), at("00:10"), at("09:00")]
    history = GateHistory(
        "north",
        np.full(4, np.nan),
        np.array([*(moment.timestamp() for moment in moments), np.nan]),
        np.array([True, True, False, False]),
    )
    north, south = picture(histories=[history]).gates
    assert (north.cleared.export, north.cleared.import_) == (1, 1)
    assert (south.cleared.export, south.cleared.import_) == (0, 0)


def test_the_changes_put_together_are_the_whole():
    before = picture(row(1), row(2), row(3))
    after = picture(row(1), row(2, lon=106.8), row(4))
    whole, change = (json.loads(encode(after, since)) for since in (None, before))
    assert whole["full"] is True
    assert change["full"] is False
    assert change["gone"] == [3]
    assert change["trucks"]["id"] == [2, 4]
    assert change["trucks"]["lon"] == [106.8, 106.7]
    assert whole["trucks"]["id"] == [1, 2, 4]
    assert change["gates"] == whole["gates"]


def test_an_empty_border_has_empty_columns():
    shown = json.loads(encode(picture(), None))
    assert set(shown["trucks"]) == {
        "id",
        "plate",
        "lon",
        "lat",
        "heading",
        "speed",
        "state",
        "fixed_at",
        "gate",
        "slot",
        "held",
        "alarmed",
        "by_hand",
    }
    assert not any(shown["trucks"].values())
    assert set(shown["gates"][0]["cleared"]) == {"export", "import"}


def test_held_and_alarmed_trucks_say_so_and_yards_what_came_and_went():
    shown = picture(row(1), row(2))
    assert [(truck.held, truck.alarmed) for truck in shown.trucks.values()] == [
        (True, False),
        (False, True),
    ]
    [yard] = shown.yards
    assert (yard.occupancy, yard.entered, yard.left) == (3, 5, 2)


def test_a_truck_that_stands_in_a_yard_by_hand_is_drawn_inside_it_and_always_at_one_point():
    site = load_site(data_dir() / "sites" / "lang_son")
    by_hand = row(
        7,
        by_hand=True,
        yard="yard_bao_nguyen",
        yarded_at=at("09:00"),
        arrived_at=at("09:00"),
        lon=None,
        lat=None,
    )
    truck, again = (picture(by_hand, site=site).trucks[7] for _ in range(2))
    assert truck.by_hand
    assert truck.state == "staged"
    assert (truck.lon, truck.lat) == (again.lon, again.lat)
    assert site.zone_by_id["yard_bao_nguyen"].polygon.contains(shapely.Point(truck.lon, truck.lat))


def test_a_truck_of_the_picture_has_no_papers_and_says_so_rather_than_guess():
    with pytest.raises(LookupError, match="Trip 1 was read without its papers"):
        assert row(1).device is None
