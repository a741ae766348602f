"""What a soak is judged by: growth, leaks, tables, logs, and the mishaps that are drawn."""

import json

import httpx
import pytest
from soak.bounds import SLACK_ROWS, growth, list_growing, list_leaks, second_half
from soak.gauges import Reading
from soak.lines import Lines, read_postgres, read_process
from soak.mishaps import plan
from soak.phones import AWAY, CUT, Phones

MINUTES_20 = 1200.0
NOTHING = dict.fromkeys(("fix", "trip", "work", "message", "minute", "request"), 0.0)


def readings(memory_mb: list[float], *, pids: list[int] | None = None) -> list[Reading]:
    return [
        Reading(60.0 * n, {"api-1": pids[n] if pids else 7}, {"api-1": mb}, {"api-1": 20})
        for n, mb in enumerate(memory_mb)
    ]


def test_memory_that_goes_up_and_down_is_flat() -> None:
    found = growth(readings([100.0, 104.0] * 10), "api-1")
    assert found is not None
    assert found.is_flat


def test_memory_that_grows_by_three_megabytes_a_minute_is_not_flat() -> None:
    found = growth(readings([100.0 + 3.0 * n for n in range(20)]), "api-1")
    assert found is not None
    assert found.slope_mb_h == pytest.approx(180.0)
    assert not found.is_flat


def test_a_process_that_was_started_again_is_not_held_to_what_the_one_before_used() -> None:
    memory = [40.0] * 10 + [100.0] * 12
    found = growth(readings(memory, pids=[7] * 10 + [8] * 12), "api-1")
    assert found is not None
    assert found.slope_mb_h == pytest.approx(0.0)


def test_three_readings_show_no_growth() -> None:
    assert growth(readings([1.0, 2.0, 3.0]), "api-1") is None


def test_the_second_half_is_of_the_time_and_not_of_the_readings() -> None:
    ones = readings([1.0] * 11)
    assert [one.at for one in second_half(ones)] == [300.0, 360.0, 420.0, 480.0, 540.0, 600.0]


def test_files_that_stay_open_are_found() -> None:
    counts = [{"api-1": 20 + 3 * n, "notify-1": 12} for n in range(12)]
    assert list_leaks(counts) == ["api-1: 24 → 48"]


def test_files_that_are_open_for_a_moment_are_no_leak() -> None:
    counts = [{"api-1": 20}, {"api-1": 90}, {"api-1": 20}] * 6
    assert list_leaks(counts) == []


def test_a_table_that_nobody_explains_may_not_grow() -> None:
    before, after = {"surprises": 10}, {"surprises": 11 + SLACK_ROWS}
    [said] = list_growing(before, after, NOTHING)
    assert said.startswith("surprises: 201 rows more")


def test_a_table_may_grow_with_what_it_is_of_and_no_more() -> None:
    before = {"fixes": 1_000}
    units = NOTHING | {"fix": 5_000.0}
    assert list_growing(before, {"fixes": 6_000}, units) == []
    assert list_growing(before, {"fixes": 12_000}, units) != []


def test_a_table_that_is_swept_may_never_have_more_than_it_needs() -> None:
    assert list_growing({"stream_positions": 16}, {"stream_positions": 16}, NOTHING) == []
    assert list_growing({"stream_positions": 16}, {"stream_positions": 17}, NOTHING) != []


def line(level: str, event: str, **more: str) -> str:
    return json.dumps({"level": level, "event": event, **more})


def test_an_error_in_a_log_is_found_and_a_warning_is_counted() -> None:
    found = Lines()
    read_process("api-1", [line("warning", "a store is away"), line("error", "it broke")], found)
    assert [one.partition(": {")[0] for one in found.unexpected] == ["api-1: error"]
    assert found.counts["api warning: a store is away"] == 1


def test_a_traceback_is_found_whatever_its_level() -> None:
    found = Lines()
    said = line("info", "went on", exception="Traceback …\nValueError: no")
    read_process("ingest-1", [said], found)
    assert found.unexpected == ["ingest-1: traceback: went on: ValueError: no"]


def test_a_line_that_is_no_record_is_found() -> None:
    found = Lines()
    read_process("api-1", ["Exception in thread Thread-1:\n", "\n"], found)
    assert found.unexpected == ["api-1: no record: Exception in thread Thread-1:"]


def test_what_the_database_refused_is_found_without_who_was_cut_off() -> None:
    found = Lines()
    head = "2026-11-23 13:00:00.000 UTC [7]"
    read_postgres(
        [
            f"{head} ERROR:  deadlock detected\n",
            f"{head} ERROR:  canceling statement due to user request\n",
            f"{head} LOG:  checkpoint starting\n",
        ],
        found,
    )
    assert found.unexpected == ["postgresql: ERROR: deadlock detected"]


def test_the_same_seed_lets_the_same_go_wrong() -> None:
    assert plan(MINUTES_20, 1) == plan(MINUTES_20, 1) != plan(MINUTES_20, 2)


def test_twenty_minutes_meet_every_kind_of_mishap_and_end_calmly() -> None:
    found = plan(MINUTES_20, 1)
    assert len({one.kind for one in found}) == 13
    assert max(one.at_s + one.lasts_s for one in found) < 0.95 * MINUTES_20


def test_no_process_is_killed_in_the_half_in_which_memory_is_watched() -> None:
    kills = [one.at_s for one in plan(MINUTES_20, 1) if one.kind.startswith("kill")]
    assert kills
    assert max(kills) < MINUTES_20 / 2


def test_a_short_run_meets_several_mishaps_too() -> None:
    assert len(plan(180.0, 1)) >= 5


def sent(phones: Phones, number: int) -> int:
    body = {"id": f"soak-{number}", "to": "+84901", "text": "Xem https://x/d/aB-9."}
    return httpx.post(f"http://127.0.0.1:{phones.port}/send", json=body).status_code


def test_a_message_that_comes_twice_is_heard_once_and_counted() -> None:
    phones = Phones()
    with phones.reachable():
        assert (sent(phones, 4), sent(phones, 4)) == (200, 200)
    assert phones.heard == {4: 2}
    assert phones.links[-1] == "aB-9"


def test_a_provider_that_is_away_takes_nothing() -> None:
    phones = Phones(manner=AWAY)
    with phones.reachable():
        assert sent(phones, 4) == 503
    assert not phones.heard


def test_a_provider_that_is_cut_off_takes_a_message_without_saying_so() -> None:
    phones = Phones(manner=CUT)
    with phones.reachable(), pytest.raises(httpx.TransportError):
        sent(phones, 4)
    assert phones.heard == {4: 1}
