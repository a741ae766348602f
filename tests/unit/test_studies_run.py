"""Runs of a small day: what replications share, when they are enough, and what is said of them."""

import json
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from pydantic import TypeAdapter
from simulated_day import small_day, tiny_site

from api.simulation_results import RunResult, RunTrucks
from flowctl.errors import FlowctlError
from flowctl.intervals import mean_interval, paired
from flowctl.scenarios.steering import parse_steering
from flowctl.site import Site
from simulations.engine import CancelledError, play
from simulations.metrics import UNITS, measure
from simulations.records import Records
from simulations.studies.bands import Band
from simulations.studies.executors import Pool, threads
from simulations.studies.notes import notes_before, notes_on
from simulations.studies.result import Run
from simulations.studies.run import Width, run

NONE, METERED = parse_steering("none"), parse_steering("n_control")
BUSY = {"standing": 30, "arrivals": 80, "imports": 30}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture
def pool() -> Iterator[Pool]:
    with threads(2) as opened:
        yield opened


@pytest.fixture(scope="module")
def plain(site: Site) -> Run:
    with threads(2) as opened:
        return run(small_day(), site, steering=NONE, seed=5, replications=12, executor=opened)


def played(site: Site, pool: Pool, **changes: object) -> Run:
    asked = {"steering": NONE, "seed": 5, "replications": 12, "executor": pool} | changes
    day = asked.pop("day", small_day())
    return run(day, site, **asked)


def test_a_replication_is_the_day_its_own_seed_plays(site: Site, plain: Run):
    for number in (0, 7):
        alone = measure(play(small_day(), site, steering=NONE, seed=5 + number))
        for key in ("gate_wait_mean_s", "cleared_export", "utilisation"):
            assert plain.each(key)[number] == alone.scalars[key]


def test_a_run_repeats_bit_for_bit_and_contains_the_shorter_one(site: Site, pool: Pool, plain: Run):
    again, shorter = played(site, pool), played(site, pool, replications=4)
    assert again.digest == plain.digest
    assert shorter.each("gate_wait_mean_s") == plain.each("gate_wait_mean_s")[:4]
    assert shorter.digest != plain.digest
    assert played(site, pool, seed=6).digest != plain.digest


def test_rules_on_the_same_seeds_differ_with_narrower_intervals_than_their_figures(
    site: Site, pool: Pool
):
    busy = small_day(north=BUSY)
    none = played(site, pool, day=busy, replications=20)
    metered = played(site, pool, day=busy, replications=20, steering=METERED)
    before, after = none.each("total_wait_mean_s"), metered.each("total_wait_mean_s")
    assert paired(before, after).half_width < mean_interval(before).half_width
    assert none.each("cleared_import") == metered.each("cleared_import")


def test_the_result_is_plain_json_of_one_shape(plain: Run):
    result = plain.as_json()
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert (result["scenario"], result["steering"], result["replications"]) == ("small", "none", 12)
    assert result["measures"].keys() == result["each"].keys() == UNITS.keys()
    wait = result["measures"]["gate_wait_mean_s"]
    assert wait["low"] < wait["mean"] < wait["high"]
    assert wait["unit"] == "s"
    assert np.diff(result["grid"]).tolist() == [300.0] * 240
    north = result["gates"]["north"]
    for band in (north["queue"], north["waiting"], result["yards"]["yard_south"]["occupancy"]):
        assert all(low <= high for low, high in zip(band["low"], band["high"], strict=True))
        assert len(band["mean"]) == 241
    assert result["classes"]["reefer"]["gate_wait_p95_s"]["mean"] > 0
    assert north["cleared_import"]["mean"] == 12
    assert sum(result["waits"]["gate"]) == pytest.approx(1)
    assert result["yards"]["yard_south"]["places"] == 50
    assert result["slots"] is None
    trucks = result["trucks"]
    assert len(trucks["gate"]) == len(trucks["start_at"]) == 42
    assert sum(trucks["import"]) == 12


def test_what_the_api_says_of_a_result_is_the_whole_of_it(plain: Run):
    result = plain.as_json()
    for said, kept in ((RunTrucks, result.pop("trucks")), (RunResult, result)):
        told = TypeAdapter(said)
        assert told.dump_python(told.validate_python(kept), mode="json", by_alias=True) == kept


def test_one_replication_has_no_interval(site: Site, pool: Pool):
    wait = played(site, pool, replications=1).as_json()["measures"]["gate_wait_mean_s"]
    assert wait["mean"] is not None
    assert (wait["low"], wait["high"]) == (None, None)


def test_replications_go_on_until_the_interval_is_as_narrow_as_was_asked(site: Site, pool: Pool):
    width = Width("gate_wait_mean_s", 0.05)
    found = played(site, pool, replications=1000, until_width=width)
    assert width.reached(found.each("gate_wait_mean_s")) <= 0.05
    assert 10 < len(found.numbers) < 1000
    assert found.notes == []


def test_too_few_replications_for_the_width_are_said(site: Site, pool: Pool):
    found = played(site, pool, until_width=Width("gate_wait_mean_s", 0.001))
    assert len(found.numbers) == 12
    assert [note.kind for note in found.notes] == ["width_not_reached"]
    assert "±0.1% of its mean; after 12 replications it is ±" in found.notes[0].text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"replications": 0}, "at least one replication"),
        ({"until_width": Width("gate_wait_avg_s", 0.1)}, 'did you mean "gate_wait_mean_s"'),
        ({"until_width": Width("gate_wait_mean_s", 0.0)}, "ask for more than 0%"),
    ],
)
def test_what_cannot_be_run_is_refused(
    site: Site, pool: Pool, changes: dict[str, object], words: str
):
    with pytest.raises(FlowctlError, match=words):
        played(site, pool, **changes)


def test_a_cancelled_run_keeps_what_was_finished_and_says_so(site: Site, pool: Pool):
    done: list[int] = []
    found = played(
        site,
        pool,
        replications=400,
        progress=lambda _, finished: done.append(finished),
        stopped=lambda: bool(done) and done[-1] >= 5,
    )
    assert found.stopped_early
    assert 5 <= len(found.numbers) < 400
    assert [note.kind for note in found.notes] == ["cancelled"]
    assert "of 400 replications were finished" in found.notes[0].text
    assert len(found.as_json()["each"]["queue_max"]) >= len(found.numbers)


def test_a_run_cancelled_before_its_first_replication_has_no_result(site: Site, pool: Pool):
    with pytest.raises(CancelledError):
        played(site, pool, stopped=lambda: True)


def test_progress_grows_to_all_with_the_replications_counted(site: Site, pool: Pool):
    said: list[tuple[float, int]] = []
    played(site, pool, progress=lambda share, done: said.append((share, done)))
    assert said == sorted(said)
    assert said[-1] == (1.0, 12)


def test_records_of_every_replication_can_be_kept(site: Site, pool: Pool):
    kept: dict[int, Records] = {}
    found = played(site, pool, keep=kept.__setitem__)
    assert sorted(kept) == list(range(12))
    assert found.first is kept[0]


def test_demand_far_over_capacity_runs_and_says_so(site: Site, pool: Pool):
    day = small_day(north={"standing": 1000, "arrivals": 2000, "imports": 1200})
    found = played(site, pool, day=day, replications=1, steering=METERED)
    [note] = found.notes
    assert note.kind == "overload"
    assert note.values["trucks"] == 4200
    assert note.values["times"] > 10
    assert "north" in note.text


def test_a_gate_that_never_opens_is_said(site: Site, pool: Pool):
    sunday = small_day(day=small_day().day.replace(day=21))
    found = played(site, pool, day=sunday, replications=1)
    assert [note.kind for note in found.notes] == ["never_opens"]


def test_a_gps_outage_that_a_rule_does_not_feel_is_said(site: Site, pool: Pool):
    dark = small_day(gps={"outage_from_h": 9.0, "outage_until_h": 10.5})
    [note] = played(site, pool, day=dark, replications=1, steering=METERED).notes
    assert (note.kind, note.values) == ("gps_not_played", {"from_h": 9.0, "until_h": 10.5})
    assert "from 9 h to 10.5 h is not played" in note.text
    assert played(site, pool, day=dark, replications=1).notes == []  # nobody looks at any truck
    later = small_day(gps={"outage_from_h": 21.0, "outage_until_h": 22.0})  # it ends at 20 h
    assert not list(notes_before(later, METERED))


def test_a_rule_that_lets_nobody_go_is_said(site: Site, pool: Pool):
    first = played(site, pool, replications=1).first
    nobody = np.full(len(first.gate), np.nan)
    imports = np.where(first.is_import, first.start_at, np.nan)
    held = replace(first, released_at=nobody, start_at=imports)
    assert [note.kind for note in notes_on(held)] == ["never_releases"]
    assert "Not one of the 30 trucks that stood ready for north" in next(notes_on(held)).text
    called = replace(held, ignored_at=np.where(first.is_import, np.nan, first.ready_at))
    assert not list(notes_on(called))  # called up, and nobody came: that is no rule's doing


def test_memory_does_not_grow_with_replications(site: Site):
    def peak(replications: int) -> int:
        tracemalloc.start()
        with threads(1) as pool:
            found = played(site, pool, replications=replications)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(found.numbers) == replications
        return most

    peak(5)  # whatever is made once
    few, many = peak(50), peak(400)
    assert many - few < 350 * 4000  # a value of each measure, nothing of the trucks


def test_a_band_has_the_mean_and_what_nine_in_ten_lie_between():
    band = Band(2)
    for value in range(1, 101):
        band.add(np.array([value, 7]))
    assert band.as_json() == {"mean": [50.5, 7.0], "low": [5.0, 7.0], "high": [95.0, 7.0]}


def test_a_band_of_large_counts_loses_no_more_than_a_thousandth():
    band = Band(1)
    for value in range(0, 5000, 50):
        band.add(np.array([value]))
    said = band.as_json()
    assert said["mean"] == [2475.0]
    assert said["low"][0] == pytest.approx(200, abs=8)
    assert said["high"][0] == pytest.approx(4700, abs=8)
