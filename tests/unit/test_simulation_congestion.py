"""Congestion on the corridors: trucks come as before, but not at one speed."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from simulated_day import small_day, tiny_site

from flowctl.scenarios.behaviour import Congestion
from simulations.congestion import Course, RoadTraffic
from simulations.world import World

CALM = Congestion(
    rush_loss=0.0, incidents_per_day=0, slow_share=0.0, stop_share=0.0, rough_cv=0.001
)


def course_under(law: Congestion, *, at_h: float = 12.0) -> Course:
    traffic = RoadTraffic(replace(small_day(), congestion=law), 1, seed=3)
    at_s = at_h * 3600.0
    return traffic.course(0, entry_m=90_000.0, speed_mps=15.0, seen_s=at_s - 3600.0, at_s=at_s)


def mean_mps(course: Course) -> float:
    return float(np.ptp(course.along_m) / np.ptp(course.at_s))


def test_without_anything_in_the_way_a_truck_keeps_its_free_speed():
    course = course_under(CALM)
    assert mean_mps(course) == pytest.approx(15.0, rel=0.01)
    assert course.at_s[0] == pytest.approx(11.0 * 3600.0)


def test_whatever_slows_it_a_truck_enters_its_yard_at_its_moment():
    course = course_under(Congestion(stop_share=1.0, incidents_per_day=200))
    assert course.at_s[-1] == 12.0 * 3600.0
    assert course.along_m[-1] == 90_000.0
    assert np.all(np.diff(course.at_s) >= 0)
    assert np.all(np.diff(course.along_m) >= 0)


def test_a_rush_hour_slows_trucks_near_towns_and_noon_does_not():
    law = replace(CALM, rush_loss=0.8, morning_h=7.0, evening_h=17.0, towns=10, town_km=5.0)
    assert mean_mps(course_under(law, at_h=7.5)) < 0.75 * mean_mps(course_under(law, at_h=12.5))


def test_incidents_and_slow_trucks_and_stops_each_cost_time():
    free = mean_mps(course_under(CALM))
    assert mean_mps(course_under(replace(CALM, incidents_per_day=400))) < 0.95 * free
    assert mean_mps(course_under(replace(CALM, slow_share=1.0, slow_pace=0.5))) < 0.55 * free
    stopped = course_under(replace(CALM, stop_share=1.0, stop_least_min=10.0, stop_most_min=10.0))
    standing = np.diff(stopped.at_s)[np.diff(stopped.along_m) == 0.0]
    assert standing == pytest.approx([600.0])


def test_a_corridor_driven_from_its_beginning_is_not_driven_from_before_it():
    traffic = RoadTraffic(replace(small_day(), congestion=CALM), 1, seed=3)
    course = traffic.course(0, entry_m=1_500.0, speed_mps=15.0, seen_s=0.0, at_s=3600.0)
    assert course.along_m[0] == 0.0
    assert np.ptp(course.at_s) == pytest.approx(100.0, rel=0.01)


def test_trackers_show_changing_speeds_under_congestion_and_the_same_arrivals(tmp_path: Path):
    day, site = small_day(), tiny_site(tmp_path)
    free, busy = (
        World(replace(day, congestion=law), site, seed=2, controlled=True)
        for law in (None, Congestion())
    )
    until = day.start + timedelta(hours=10)
    slow, fast = (
        {fix["speed_mps"] for post in world.advance(until).fix_posts for fix in post}
        for world in (busy, free)
    )
    assert len(slow) > 5 * len(fast)
    assert busy.counts()["in_yard"] == free.counts()["in_yard"]
