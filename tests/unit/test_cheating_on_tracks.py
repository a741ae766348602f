"""Honest vehicles on real tracks are no cheats; the same tracks, tampered with, are."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from flowctl.alarms.alerts import Alert, Point
from flowctl.cheating.identity import Companions, drifted_apart
from flowctl.cheating.prism import cannot_have_been
from flowctl.cheating.speed import Leg, impossible_speeds
from flowctl.cheating_limits import CheatingParams
from flowctl.replay import RecordedFix, column_names, read_track

PARAMS = CheatingParams()
SHARED = Path("../shared/data/gps")
LIVERPOOL = "liverpool_bus_route14_2026.csv"
LIMERICK = "limerick_bus_304_2019.gpx"


def tracks(name: str) -> dict[str, list[Point]]:
    """Return the fixes of each vehicle of a recorded file, in order of time."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the recorded track {name} of ../shared/data/gps is not here")
    found: dict[str, dict[datetime, Point]] = {}
    for fix in recorded(path):
        point = Point(fix.fixed_at, fix.lon, fix.lat, fix.device)
        found.setdefault(fix.device, {})[fix.fixed_at] = point
    return {device: [fixes[at] for at in sorted(fixes)] for device, fixes in found.items()}


def speeds(fixes: Sequence[Point]) -> list[Alert]:
    return impossible_speeds([Leg(1, "d", a, b) for a, b in pairwise(fixes)], PARAMS)


@pytest.mark.parametrize("name", [LIVERPOOL, LIMERICK])
def test_no_real_vehicle_drives_at_an_impossible_speed(name: str):
    for fixes in tracks(name).values():
        assert speeds(fixes) == []


@pytest.mark.parametrize("name", [LIVERPOOL, LIMERICK])
def test_nor_does_one_whose_receiver_errs_by_kilometres_now_and_then(name: str):
    rng = np.random.default_rng(14)
    for fixes in tracks(name).values():
        erring = list(fixes)
        last = None
        for n, fix in enumerate(fixes):
            # An error in a quarter of an hour, which comes once and goes back.
            if (last is None or (fix.at - last).total_seconds() > 900) and rng.random() < 0.1:
                last = fix.at
                erring[n] = fix._replace(lon=fix.lon + 0.05)
        assert speeds(erring) == []


def test_one_device_name_on_two_buses_at_once_is_found_where_they_are_apart():
    longest = max(tracks(LIVERPOOL).values(), key=len)
    copy = [fix._replace(at=fix.at + timedelta(seconds=7), lat=fix.lat + 0.3) for fix in longest]
    both = sorted([*longest, *copy])
    [alert] = speeds(both)
    assert alert.evidence["legs"] >= PARAMS.legs


@pytest.mark.parametrize("name", [LIVERPOOL, LIMERICK])
def test_a_vehicle_is_never_parted_from_the_places_it_passed(name: str):
    """A plate seen anywhere on the track, by a clock off by ten minutes, is no alert."""
    for fixes in tracks(name).values():
        for fix in fixes[::25]:
            for off_s in (-600, 0, 600):
                place = fix._replace(at=fix.at + timedelta(seconds=off_s), what="gate")
                assert not cannot_have_been(fixes, place, PARAMS)


def test_a_plate_seen_in_another_city_is_parted_from_its_device():
    fixes = max(tracks(LIVERPOOL).values(), key=len)
    elsewhere = [fix._replace(lon=fix.lon - 1.5, what="gate") for fix in fixes[::10]]
    proved = [cannot_have_been(fixes, place, PARAMS) for place in elsewhere]
    # Where the bus was silent, and at the ends of its track, nothing can be proved.
    assert sum(proved) > len(proved) / 4


def test_two_receivers_on_one_bus_do_not_part():
    """The second sends seven seconds later, with an error of its own of some twenty metres."""
    rng = np.random.default_rng(3)
    for fixes in tracks(LIMERICK).values():
        pairs = tuple(
            (
                one,
                one._replace(at=one.at + timedelta(seconds=7), lon=one.lon + rng.normal(0, 0.0003)),
            )
            for one in fixes
        )
        companions = Companions(1, "a", "b", pairs)
        assert drifted_apart([companions], PARAMS, fixes[-1].at) == []


def recorded(path: Path) -> list[RecordedFix]:
    """Return the fixes of a recorded file, its columns named as they are there."""
    names = ("device=vehicle_id", "fixed_at=timestamp", "lon=longitude", "lat=latitude")
    return read_track(
        path,
        device="limerick" if path.suffix == ".gpx" else None,
        columns=column_names(names if path.suffix == ".csv" else ()),
        zone=ZoneInfo("UTC"),
    )
