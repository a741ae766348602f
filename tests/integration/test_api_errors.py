import asyncio
import base64
import hashlib
import socket
from pathlib import Path

import httpx
import pytest
from api_server import RunningApi, SetClock
from border import SECRET

from api import pages as api_pages
from api.app import create_app
from flowctl.errors import NotFoundError
from flowctl.registry.accounts import Role
from flowctl.server_process import free_port
from flowctl.settings import Settings


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Traceback" not in answer.text
    assert answer.json()["status"] == status
    detail: str = answer.json()["detail"]
    return detail


def test_health_says_that_the_process_serves_for_no_restart_brings_a_store_back(api: RunningApi):
    api.app.state.pool.close()
    api.app.state.store.connection_pool.connection_kwargs["port"] = free_port()
    assert api.client().get("/v1/ready").status_code == 503
    answer = api.client().get("/v1/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/", "/d", "/manifest.webmanifest", "/board", "/v1/ready"])
def test_who_asks_for_the_head_of_a_page_gets_that_of_the_page(api: RunningApi, path: str):
    head, page = (api.client().request(method, path) for method in ("HEAD", "GET"))
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "content-security-policy"):
        assert head.headers[name] == page.headers[name]


def test_a_head_of_what_is_not_there_or_never_ends_is_told_so(api: RunningApi):
    assert api.client().head("/nowhere").status_code == 404
    assert api.person(Role.OPERATOR).head("/v1/events").status_code == 405


def test_a_path_or_method_that_is_not_there_is_a_problem(api: RunningApi):
    machine = api.machine()
    assert "/v1/nothing" in problem(machine.get("/v1/nothing"), 404)
    assert "DELETE; it takes GET, POST." in problem(machine.delete("/v1/trips"), 405)
    assert "/assets/none.js" in problem(machine.get("/assets/none.js"), 404)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("visits?since=yesterday", "since: 'yesterday' is no moment; write one such as 2024-01-23"),
        ("visits?since=2024-01-23T08:00", "since: '2024-01-23T08:00' has no time zone; write one"),
        ("visits?since=2024-01-23T08:00:00+07:00", "in an address %2B stands for +"),
        ("visits?limit=5000", "limit: '5000' is out of range; give a number from 1 up to 1000."),
        ("visits?limit=many", "limit: 'many' is no whole number; give one from 1 up to 1000."),
        ("visits?plate=" + "1" * 50, "is too long; give at most 40 characters."),
        ("trips?state=lost", "state: 'lost' is not offered; give 'active', 'cleared' or 'cancel"),
        ("trips/0", "trip_id: '0' is out of range; give a number from 1 up to 92233720368547758"),
        ("fixes/aside?reason=ugly", "reason: 'ugly' is not offered; give '"),
        ("trips?foo=1", "/v1/trips does not know foo in the address; it knows limit, plate, state"),
        (
            "closures/1?foo=1&bar=2",
            "/v1/closures/1 does not know bar, foo in the address; it takes",
        ),
        ("simulations/1/export.doc", "form: 'doc' is not offered; give csv or parquet or png or"),
        ("scenarios/A%20b", "'A b' has another form than it must; give a text that ^[a-z0-9]"),
        ("forecast?hours=25", "hours: '25' is out of range; give a number from 1 up to 24."),
    ],
)
def test_a_question_out_of_bounds_is_refused_in_a_sentence(api: RunningApi, asked: str, said: str):
    answer = api.person(Role.ADMINISTRATOR).get(f"/v1/{asked}")
    detail = problem(answer, 422)
    assert said in detail
    assert "nput should" not in detail


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("trips", {}, "plate is missing; give it. phone is missing; give it."),
        ("trips", {}, "There are 2 more."),
        ("trips", [1], "the body: what was sent is no object of names and values; give one."),
        ("gates/tan_thanh/events", {}, "the body: what was sent is no list; give one."),
        ("gates/tan_thanh/events", [{"color": 1}], "0.color is not known here; leave it out"),
        ("yards/yard_bao_nguyen/events", [{"plate": 7, "at": 0}], "0.plate: 7 is no text"),
        ("simulations", {"scenario": "x", "seed": -1}, "seed: -1 is out of range; give a number"),
        ("simulations", {"scenario": "x", "seed": None}, "seed: null is no whole number; give one"),
        ("gates/tan_thanh/closures", {"places_left": True}, "places_left: true is no whole number"),
        (
            "scenarios/edit",
            {"text": "", "changes": {"until_h": [1]}},
            "until_h: give a number, a word, a row of them, or null.",
        ),
        ("trips/1/cancel", {"why": "snow"}, "why is not known here; leave it out"),
        ("trips/1/penalties/1/lift", {"reason": "x"}, "reason is not known here; leave it out"),
        ("simulations", {"scenario": "x", "seed": 1.5}, "seed: 1.5 is no whole number; give one"),
        (
            "simulations",
            {"scenario": "x", "until_width": {"measure": "queue_max", "share": 9}},
            "until_width.share: 9 is out of range; give a number above 0.0 up to 1.0.",
        ),
        (
            "simulations",
            {"scenario": "x", "seed": 1, "replications": 0},
            "replications: 0 is out of range; give a number from 1 up to 1000.",
        ),
    ],
)
def test_a_body_out_of_bounds_is_refused_in_a_sentence(
    api: RunningApi, path: str, body: object, said: str
):
    answer = api.person(Role.ADMINISTRATOR).post(f"/v1/{path}", json=body)
    assert said in problem(answer, 422)


def test_what_may_not_be_null_is_told_in_our_own_words(api: RunningApi):
    answer = api.machine().patch("/v1/trips/1", json={"cargo": None})
    assert problem(answer, 422) == "the body: cargo cannot be null; leave it out to keep it."


def test_json_nobody_can_read_is_told_what_may_be_wrong_with_it(api: RunningApi):
    headers = {"Content-Type": "application/json"}
    answer = api.machine().post("/v1/trips", content=b"[" * 100_000, headers=headers)
    assert "nested too deep" in problem(answer, 400)


def test_json_sent_as_a_form_is_told_which_header_it_needs(api: RunningApi):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.person(Role.OFFICER).post(
        "/v1/gates/tan_thanh/events", content=b"[]", headers=form
    )
    assert "Content-Type: application/json" in problem(answer, 422)


def test_a_defect_of_ours_tells_no_more_than_that(api: RunningApi):
    machine = api.machine()
    api.border.conn.execute("alter table trips rename column cargo to freight")
    detail = problem(machine.get("/v1/trips"), 500)
    assert "cargo" not in detail
    assert "select" not in detail.lower()


def test_a_store_that_is_away_is_a_503_that_says_when_to_come_again(api: RunningApi):
    machine = api.machine()
    pool = api.app.state.pool
    pool.close()
    answer = machine.get("/v1/trips")
    assert "again" in problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_50_mb_is_a_413_its_sender_can_read(api: RunningApi, chunked: bool):
    size, piece = 50_000_000, b" " * 1_000_000
    content = (piece for _ in range(50)) if chunked else b" " * size
    headers = {"Content-Type": "application/json"}
    answer = api.machine().post("/v1/trips", content=content, headers=headers)
    assert "1 MB; send less." in problem(answer, 413)


def test_a_batch_of_fixes_may_be_larger_than_other_bodies_but_not_boundless(api: RunningApi):
    machine = api.machine()
    below = machine.post("/v1/fixes", content=b"[" + b" " * 2_000_000 + b"]")
    assert below.status_code == 200, below.text
    assert "32 MB" in problem(machine.post("/v1/fixes", content=b" " * 32_000_001), 413)


def test_a_sender_that_breaks_off_harms_nobody(api: RunningApi):
    url = httpx.URL(api.url)
    with socket.create_connection((url.host, url.port)) as line:
        line.sendall(b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    assert api.client().get("/v1/health").status_code == 200


def test_every_answer_carries_the_headers_that_protect_browsers(api: RunningApi):
    for path, status in (("/v1/health", 200), ("/v1/trips", 401), ("/v1/nothing", 404)):
        answer = api.client().get(path)
        assert answer.status_code == status
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "style-src 'self';" in policy
        assert "worker-src 'self' blob:" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_pages_are_served_where_they_are_built_and_missed_in_a_sentence_where_not(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
):
    dist = tmp_path_factory.mktemp("dist")
    monkeypatch.setattr(api_pages, "DIST", dist)
    pages = {"/": "index", "/board": "board", "/d/abc": "driver.vi", "/planner": "planner"}
    for path in pages:
        assert "make setup" in problem(api.client().get(path), 503)
    for path, name in pages.items():
        (dist / f"{name}.html").write_text(f"<title>{name}</title>")
        answer = api.client().get(path)
        assert answer.text == f"<title>{name}</title>"
        assert answer.headers["content-type"].startswith("text/html")
        kept = "public, max-age=2" if path == "/board" else "no-cache"
        assert answer.headers["cache-control"].startswith(kept)


def test_a_page_may_use_no_style_but_its_own_files_and_the_one_it_was_built_with(
    api: RunningApi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(api_pages, "DIST", tmp_path)
    (tmp_path / "index.html").write_text("<title>index</title>")
    (tmp_path / "driver.vi.html").write_text("<style>p{}</style>")
    policy = api.client().get("/").headers["content-security-policy"]
    assert "style-src 'self';" in policy
    policy = api.client().get("/d/abc").headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(b"p{}").digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in policy


def test_the_api_does_not_start_without_its_site_and_says_what_to_do(database: str, valkey: str):
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET, site="nowhere")
    app = create_app(settings, SetClock())

    async def start() -> None:
        async with app.router.lifespan_context(app):
            pass

    with pytest.raises(NotFoundError, match="flowctl site load"):
        asyncio.run(start())
