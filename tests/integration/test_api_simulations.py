from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_server import RunningApi

from flowctl.registry.accounts import Role
from flowctl.storage.jobs import claim_job, fail_job, finish_job, report_progress

REQUEST = {"scenario": "2024-01-23", "seed": 7, "demand_factor": 1.2, "places": {"tan_thanh": 10}}
WALL = datetime(2026, 1, 1, tzinfo=UTC)
LOST = timedelta(minutes=1)


def test_the_days_that_can_be_simulated_are_named_in_three_languages(api: RunningApi):
    scenarios = api.person(Role.PLANNER).get("/v1/scenarios").json()
    [day] = [s for s in scenarios if s["id"] == "2024-01-23"]
    assert set(day["name"]) == {"vi", "zh", "en"}
    assert {"2024-01-23-closure", "2024-01-23-lane-loss"} <= {s["id"] for s in scenarios}


def test_a_planners_wish_becomes_a_job_that_is_worked_off_and_answered(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    asked = planner.post("/v1/simulations", json=REQUEST)
    assert asked.status_code == 202, asked.text
    path = f"/v1/simulations/{asked.json()['id']}"
    waiting = planner.get(path).json()
    assert (waiting["state"], waiting["progress"], waiting["result"]) == ("waiting", 0, None)
    assert waiting["request"] == REQUEST
    assert waiting["created_by"] == "planner"
    job = claim_job(conn, wall_now=WALL, beat_lost_after=LOST)
    assert job is not None
    assert job.request == REQUEST
    assert claim_job(conn, wall_now=WALL, beat_lost_after=LOST) is None, "it is somebody's already"
    assert report_progress(conn, job.id, progress=0.5, wall_now=WALL)
    running = planner.get(path).json()
    assert (running["state"], running["progress"]) == ("running", 0.5)
    finish_job(conn, job.id, {"minutes": [0, 1]})
    done = planner.get(path).json()
    assert (done["state"], done["progress"]) == ("done", 1)
    assert done["result"] == {"minutes": [0, 1]}
    [listed] = planner.get("/v1/simulations").json()
    assert listed == {**done, "result": None}


def test_a_job_whose_worker_fell_silent_is_taken_over(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    planner.post("/v1/simulations", json=REQUEST)
    first = claim_job(conn, wall_now=WALL, beat_lost_after=LOST)
    assert claim_job(conn, wall_now=WALL + LOST / 2, beat_lost_after=LOST) is None
    second = claim_job(conn, wall_now=WALL + LOST * 2, beat_lost_after=LOST)
    assert first is not None
    assert second is not None
    assert first.id == second.id


def test_a_job_that_cannot_be_done_says_why(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    asked = planner.post("/v1/simulations", json=REQUEST).json()
    job = claim_job(conn, wall_now=WALL, beat_lost_after=LOST)
    assert job is not None
    fail_job(conn, job.id, "There are no trucks in it.")
    failed = planner.get(f"/v1/simulations/{asked['id']}").json()
    assert (failed["state"], failed["error"]) == ("failed", "There are no trucks in it.")
    assert not report_progress(conn, job.id, progress=0.9, wall_now=WALL)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"scenario": "../../etc/passwd"}, "2024-01-23"),
        ({"seed": -1}, "seed"),
        ({"seed": "many"}, "seed"),
        ({"demand_factor": 0}, "demand_factor"),
        ({"demand_factor": 50}, "demand_factor"),
        ({"places": {"lao_cai": 4}}, "'lao_cai'; lang_son has huu_nghi and tan_thanh"),
        ({"places": {"tan_thanh": 0}}, "places.tan_thanh"),
        ({"speed": 3}, "speed"),
    ],
)
def test_what_cannot_be_simulated_is_refused(api: RunningApi, changes: dict[str, Any], named: str):
    answer = api.person(Role.PLANNER).post("/v1/simulations", json={**REQUEST, **changes})
    assert answer.status_code == 422
    assert named in answer.json()["detail"]


def test_nobody_can_fill_the_line_of_jobs_without_end(api: RunningApi):
    planner = api.person(Role.PLANNER)
    answers = [planner.post("/v1/simulations", json=REQUEST).status_code for _ in range(21)]
    assert answers == [202] * 20 + [429]


def test_a_simulation_that_is_not_there_is_a_404(api: RunningApi):
    answer = api.person(Role.PLANNER).get("/v1/simulations/5")
    assert answer.status_code == 404
