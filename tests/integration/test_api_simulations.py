from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from api_server import RunningApi
from kept_runs import RESULT, TRUCKS, kept_run

from flowctl.registry.accounts import Role
from flowctl.storage.accounts import update_account
from flowctl.storage.jobs import (
    CHANNEL,
    MOST_TRIES,
    Job,
    claim_job,
    drop_unopened,
    fail_job,
    finish_job,
    report_progress,
)

REQUEST = {"scenario": "2024-01-23", "steering": "n_control", "seed": 7, "replications": 2}
WALL = datetime(2026, 1, 1, tzinfo=UTC)
LOST = timedelta(minutes=1)


def claimed(api: RunningApi, *, planned: bool = False, at: datetime = WALL) -> Job:
    job = claim_job(api.border.conn, planned=planned, wall_now=at, beat_lost_after=LOST)
    assert job is not None
    return job


def ask(planner: httpx.Client, **changes: str) -> int:
    answer = planner.post("/v1/simulations", json={**REQUEST, **changes})
    assert answer.status_code == 202, answer.text
    return int(answer.json()["id"])


def test_a_planners_wish_becomes_a_run_that_is_worked_off_and_answered(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    path = f"/v1/simulations/{ask(planner)}"
    waiting = planner.get(path).json()
    assert (waiting["state"], waiting["progress"], waiting["result"]) == ("waiting", 0, None)
    assert waiting["request"].items() >= REQUEST.items()
    assert 'id = "2024-01-23"' in waiting["request"]["text"], "the whole day, as it was then"
    assert (waiting["scenario"], waiting["steering"]) == ("2024-01-23", "n_control")
    assert waiting["name"]["en"].startswith("23 January 2024")
    assert waiting["created_by"] == "planner"
    job = claimed(api)
    assert claim_job(conn, planned=False, wall_now=WALL, beat_lost_after=LOST) is None
    assert report_progress(conn, job.id, progress=0.5, done=1, wall_now=WALL)
    running = planner.get(path).json()
    assert (running["state"], running["progress"], running["done"]) == ("running", 0.5, 1)
    finish_job(conn, job.id, kept_run(), done=2, wall_now=WALL)
    done = planner.get(path).json()
    assert (done["state"], done["progress"], done["done"]) == ("done", 1, 2)
    assert done["result"] == RESULT
    assert (done["version"], done["policy"], done["digest"]) == ("1.2.3", "2026-01", "ab" * 32)
    [listed] = planner.get("/v1/simulations").json()
    assert "result" not in listed
    assert listed["summary"]["gate_wait_mean_s"]["mean"] == 60.0
    assert planner.get(f"{path}/trucks").json() == TRUCKS
    plain = planner.get(f"{path}/trucks", headers={"Accept-Encoding": "identity"})
    assert plain.json() == TRUCKS
    assert "content-encoding" not in plain.headers


def test_a_run_of_the_planner_keeps_none_of_a_rule_waiting(api: RunningApi):
    planner = api.person(Role.PLANNER)
    slots, rule = ask(planner, steering="slots_repair"), ask(planner)
    assert claimed(api).id == rule
    assert claimed(api, planned=True).id == slots


def test_a_simulator_hears_at_once_that_a_run_was_asked_for(api: RunningApi):
    with psycopg.connect(api.app.state.settings.database_url, autocommit=True) as conn:
        conn.execute(f"listen {CHANNEL}")
        ask(api.person(Role.PLANNER))
        assert [one.channel for one in conn.notifies(timeout=5, stop_after=1)] == [CHANNEL]


def test_a_request_that_comes_again_with_its_key_asks_once(api: RunningApi):
    planner, key = api.person(Role.PLANNER), {"Idempotency-Key": str(uuid4())}
    first = planner.post("/v1/simulations", json=REQUEST, headers=key)
    again = planner.post("/v1/simulations", json=REQUEST, headers=key)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json() == again.json()
    other = planner.post("/v1/simulations", json={**REQUEST, "seed": 8}, headers=key)
    assert other.status_code == 422
    assert len(planner.get("/v1/simulations").json()) == 1


def test_a_report_names_the_person_who_ran_it_and_an_account_nobody_has_named_by_itself(
    api: RunningApi,
):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    path = f"/v1/simulations/{ask(planner)}/export.html?language=en"
    finish_job(conn, claimed(api).id, kept_run(), done=2, wall_now=WALL)
    assert "Run by Nguyễn Văn An (Post of the tests)," in planner.get(path).text
    update_account(
        conn,
        "planner",
        role=Role.PLANNER,
        person=None,
        post=None,
        agency=None,
        email=None,
    )
    assert "Run by planner," in planner.get(path).text


def test_ones_own_runs_can_be_listed_alone(api: RunningApi):
    planner = api.person(Role.PLANNER)
    mine = ask(planner)
    theirs = ask(api.person(Role.PLANNER, "nga"))
    assert [run["id"] for run in planner.get("/v1/simulations").json()] == [theirs, mine]
    listed = planner.get("/v1/simulations", params={"mine": True}).json()
    assert [run["id"] for run in listed] == [mine]


def test_a_run_nobody_wants_any_more_hears_of_it_and_keeps_what_it_finished(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    run = ask(planner)
    job = claimed(api)
    assert report_progress(conn, job.id, progress=0.4, done=1, wall_now=WALL)
    cancelled = planner.post(f"/v1/simulations/{run}/cancel").json()
    assert cancelled["state"] == "cancelled"
    assert not report_progress(conn, job.id, progress=0.5, done=1, wall_now=WALL)
    finish_job(conn, job.id, kept_run(), done=1, wall_now=WALL)
    kept = planner.get(f"/v1/simulations/{run}").json()
    assert (kept["state"], kept["progress"], kept["result"]) == (
        "cancelled",
        pytest.approx(0.4),
        RESULT,
    )
    assert planner.post(f"/v1/simulations/{run}/cancel").json()["state"] == "cancelled"


def test_a_run_that_waits_is_not_begun_once_it_was_cancelled(api: RunningApi):
    planner = api.person(Role.PLANNER)
    planner.post(f"/v1/simulations/{ask(planner)}/cancel")
    job = claim_job(api.border.conn, planned=False, wall_now=WALL, beat_lost_after=LOST)
    assert job is None


def test_only_who_asked_for_a_run_or_an_administrator_cancels_it(api: RunningApi):
    run = ask(api.person(Role.PLANNER, "nga"))
    refused = api.person(Role.PLANNER).post(f"/v1/simulations/{run}/cancel")
    assert refused.status_code == 403
    assert refused.json()["values"] == {"by": "nga"}
    chief = api.person(Role.ADMINISTRATOR).post(f"/v1/simulations/{run}/cancel")
    assert chief.json()["state"] == "cancelled"


def test_a_job_whose_worker_fell_silent_is_taken_over(api: RunningApi):
    run = ask(api.person(Role.PLANNER))
    assert claimed(api).id == run
    early = WALL + LOST / 2
    taken = claim_job(api.border.conn, planned=False, wall_now=early, beat_lost_after=LOST)
    assert taken is None
    assert claimed(api, at=WALL + LOST * 2).id == run


def test_a_job_over_which_every_worker_dies_is_given_up_in_words(api: RunningApi):
    planner, at = api.person(Role.PLANNER), WALL
    run = ask(planner)
    for _ in range(MOST_TRIES):
        claimed(api, at=at)
        at += LOST * 2
    assert claim_job(api.border.conn, planned=False, wall_now=at, beat_lost_after=LOST) is None
    failed = planner.get(f"/v1/simulations/{run}").json()
    assert (failed["state"], failed["error_kind"]) == ("failed", "worker_lost")
    assert "memory" in failed["error"]


def test_a_job_that_cannot_be_done_says_why(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    run = ask(planner)
    job = claimed(api)
    fail_job(conn, job.id, "There are no trucks in it.", kind="no_trucks", wall_now=WALL)
    failed = planner.get(f"/v1/simulations/{run}").json()
    assert (failed["state"], failed["error"]) == ("failed", "There are no trucks in it.")
    assert failed["error_kind"] == "no_trucks"
    assert not report_progress(conn, job.id, progress=0.9, done=0, wall_now=WALL)


def test_what_is_looked_at_is_kept_and_the_rest_goes_after_ninety_days(api: RunningApi):
    planner, conn = api.person(Role.PLANNER), api.border.conn
    old, opened = ask(planner), ask(planner)
    for run in (old, opened):
        planner.post(f"/v1/simulations/{run}/cancel")
    conn.execute("update jobs set opened_wall_at = now() - interval '100 days'")
    planner.get(f"/v1/simulations/{opened}")
    assert drop_unopened(conn, site="lang_son", wall_now=datetime.now(UTC)) == 1
    assert [run["id"] for run in planner.get("/v1/simulations").json()] == [opened]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"scenario": "../../etc/passwd"}, "etc/passwd"),
        ({"scenario": None}, "Name a scenario"),
        ({"text": "id = 1"}, "not both"),
        ({"scenario": None, "text": "id = ["}, "not valid TOML"),
        ({"scenario": None, "text": 'id = "x"'}, "missing"),
        ({"seed": -1}, "seed"),
        ({"seed": "many"}, "seed"),
        ({"seed": 2**53}, "seed"),
        ({"replications": 0}, "replications"),
        ({"replications": 1001}, "replications"),
        ({"steering": "n_contol"}, "n_control"),
        ({"steering": "quota:9"}, "share"),
        ({"steering": "slots_repair:/etc/passwd"}, "command line"),
        ({"until_width": {"measure": "gate_wait_mean_s", "share": 0}}, "share"),
        ({"speed": 3}, "speed"),
    ],
)
def test_what_cannot_be_simulated_is_refused(api: RunningApi, changes: dict[str, Any], named: str):
    answer = api.person(Role.PLANNER).post("/v1/simulations", json={**REQUEST, **changes})
    assert answer.status_code in {404, 422}, answer.text
    assert named in answer.json()["detail"]


def test_nobody_can_fill_the_line_of_jobs_without_end(api: RunningApi):
    planner = api.person(Role.PLANNER)
    answers = [planner.post("/v1/simulations", json=REQUEST).status_code for _ in range(21)]
    assert answers == [202] * 20 + [429]


@pytest.mark.parametrize("path", ["", "/trucks", "/export.csv"])
def test_a_simulation_that_is_not_there_is_a_404(api: RunningApi, path: str):
    answer = api.person(Role.PLANNER).get(f"/v1/simulations/5{path}")
    assert answer.status_code == 404


@pytest.mark.parametrize("path", ["trucks", "export.csv"])
def test_what_a_run_has_only_once_it_is_over_is_refused_until_then(api: RunningApi, path: str):
    planner = api.person(Role.PLANNER)
    answer = planner.get(f"/v1/simulations/{ask(planner)}/{path}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:flowctl:simulation_no_result"
