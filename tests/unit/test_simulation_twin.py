"""A day with the production planner in the loop: slots, standby, notices, and their end."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
from simulated_day import small_day, tiny_site

from flowctl.errors import FlowctlError, SiteError
from flowctl.scenarios.steering import Steering, parse_steering
from flowctl.site import Site
from simulations.engine import CancelledError
from simulations.records import Records
from simulations.studies.notes import notes_on
from simulations.twin import play_planned, play_twin, steered_site

REPAIR = parse_steering("slots_repair")
BUSY = {"standing": 40, "arrivals": 60, "imports": 30}
CLOSED_ALL_DAY = [{"gate": "north", "from_h": 0.0, "until_h": 30.0, "announced_h": 0.0}]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return tiny_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def busy(site: Site) -> Records:
    return play_planned(small_day(north=BUSY), site, steering=REPAIR, seed=1)


def test_every_export_hears_of_a_slot_and_goes_near_it(busy: Records):
    exports = ~busy.is_import
    assert not np.isnan(busy.slot_at[exports]).any()
    assert np.isnan(busy.slot_at[~exports]).all()
    came = exports & ~np.isnan(busy.gate_at)
    assert came.sum() > 60
    # A slot is 15 min long; whom metering calls earlier or later is near it all the same.
    assert np.median(np.abs(busy.gate_at - busy.slot_at)[came]) < 20 * 60


def test_every_export_hears_of_its_slot_its_call_and_its_passage(busy: Records):
    through = ~busy.is_import & ~np.isnan(busy.clear_at)
    over = through & (busy.clear_at < busy.ends - 700)
    assert (busy.messages[over] >= 3).all()
    assert (busy.messages[busy.is_import] == 0).all()


def test_a_planned_day_is_the_same_again_to_the_bit(site: Site, busy: Records):
    again = play_planned(small_day(north=BUSY), site, steering=REPAIR, seed=1)
    for column in fields(Records):
        one, other = getattr(busy, column.name), getattr(again, column.name)
        assert np.array_equal(
            one, other, equal_nan=isinstance(one, np.ndarray) and one.dtype == float
        )


def test_a_planned_day_has_the_trucks_of_the_day_without_a_plan(site: Site, busy: Records):
    other = play_planned(small_day(north=BUSY), site, steering=parse_steering("slots"), seed=1)
    assert np.array_equal(busy.yard_at, other.yard_at, equal_nan=True)
    assert np.array_equal(busy.cargo, other.cargo)


def test_who_does_not_follow_his_call_is_told_so_and_called_again(site: Site):
    day = small_day(drivers={"no_show_share": 1.0})
    records = play_planned(day, site, steering=REPAIR, seed=1)
    ignored = ~np.isnan(records.ignored_at)
    assert ignored.sum() == 30
    again = ignored & ~np.isnan(records.released_at)
    assert again.sum() > 20
    rests_s = site.policy.standby.judged_s + site.policy.no_show.loses_s
    assert ((records.released_at - records.ignored_at)[again] >= rests_s).all()
    # A slot, a call, that it is over and what it cost, a call, the passage.
    assert np.median(records.messages[again]) >= 6


def test_a_gate_that_stays_closed_lets_nobody_go_and_the_day_ends(site: Site):
    day = small_day(disruptions=CLOSED_ALL_DAY)
    records = play_planned(day, site, steering=REPAIR, seed=1)
    assert np.isnan(records.released_at[~records.is_import]).all()
    assert records.ends == day.closes.timestamp()


def test_a_day_that_nobody_wants_any_more_ends_at_its_next_step(site: Site):
    asked: list[float] = []

    def stopped() -> bool:
        return len(asked) >= 3

    with pytest.raises(CancelledError):
        play_planned(
            small_day(), site, steering=REPAIR, seed=1, progress=asked.append, stopped=stopped
        )
    assert len(asked) == 3


def test_progress_is_told_at_every_step_and_ends_with_the_whole_day(site: Site):
    shares: list[float] = []
    play_planned(small_day(until_h=2.0), site, steering=REPAIR, seed=1, progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) == 2 * 3600 / site.dispatch.meter_interval_s
    assert shares[-1] == 1.0


def test_slots_alone_know_no_quota_no_priority_and_no_standby(site: Site):
    policy = steered_site(site, parse_steering("slots")).policy
    assert policy.haulier.most_share == 1.0
    assert not policy.priority.classes
    assert policy.standby.share == 0.0
    assert steered_site(site, REPAIR).policy == site.policy


def test_a_policy_file_takes_the_place_of_the_sites_rules(site: Site, tmp_path: Path):
    file = tmp_path / "strict.toml"
    file.write_text(
        'version = "strict"\nvalid_from = 2024-01-01T00:00:00+07:00\n[no_show]\nloses_s = 7200\n',
        encoding="utf-8",
    )
    policy = steered_site(site, parse_steering(f"slots_repair:{file}")).policy
    assert (policy.version, policy.no_show.loses_s) == ("strict", 7200)


@pytest.mark.parametrize(
    ("text", "said"), [("loses = 1\n", "loses"), ("[no_show\n", "no TOML"), ("", "empty")]
)
def test_a_policy_file_that_is_not_fit_is_refused_by_name(
    site: Site, tmp_path: Path, text: str, said: str
):
    file = tmp_path / "odd.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SiteError, match=said) as refused:
        steered_site(site, parse_steering(f"slots:{file}"))
    assert "odd.toml" in str(refused.value)


def test_a_rule_that_gives_no_slots_is_not_played_here(site: Site):
    with pytest.raises(FlowctlError, match="gives no slots"):
        play_planned(small_day(), site, steering=parse_steering("n_control"), seed=1)


def test_a_truck_without_a_tracker_is_in_nobodys_plan_and_goes_by_itself(site: Site):
    day = small_day(gps={"without_share": 1.0})
    records = play_planned(day, site, steering=Steering(REPAIR.rule), seed=1)
    assert np.isnan(records.slot_at).all()
    assert (~np.isnan(records.gate_at[~records.is_import])).sum() > 20


def test_positions_tell_the_twin_who_came_and_when(site: Site):
    records, beliefs = play_twin(small_day(until_h=9.0), site, steering=REPAIR, seed=1)
    came = int(np.count_nonzero(~np.isnan(records.yard_at) & ~records.is_import))
    assert beliefs.arrivals == came > 10
    assert beliefs.believed == beliefs.proved == came
    # A moving tracker reports every 30 s, its batch leaves every 20 s, a step takes it in.
    assert beliefs.median_delay_s is not None
    assert beliefs.median_error_s is not None
    assert beliefs.median_delay_s < 5 * 60
    assert beliefs.median_error_s < 30


def test_trackers_that_are_out_leave_arrivals_unknown_until_they_are_back(site: Site):
    out = {"outage_from_h": 4.0, "outage_until_h": 9.0}
    day = small_day(until_h=8.5, gps=out)
    records, beliefs = play_twin(day, site, steering=REPAIR, seed=1)
    came_after = (records.yard_at > records.starts + 4 * 3600) & ~records.is_import
    assert came_after.sum() > 3
    assert beliefs.believed == beliefs.arrivals - came_after.sum()
    # Who is not known to stand in a yard is not called up.
    assert np.isnan(records.released_at[came_after]).all()


def test_a_day_nobody_passes_says_so(site: Site):
    day = small_day(disruptions=CLOSED_ALL_DAY)
    [note] = notes_on(play_planned(day, site, steering=REPAIR, seed=1))
    assert note.kind == "never_opens"
