"""A border where a little of everything has happened, and what its things are called in paths."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from alert_looks import look, swap
from api_server import RunningApi, SetClock, served
from border import KEYS, SECRET, SITE, after, border
from kept_runs import kept_run

from api.app import create_app
from flowctl.ledger_key import make_key
from flowctl.registry import sources
from flowctl.registry.accounts import Role
from flowctl.registry.keys import link_code
from flowctl.settings import Settings
from flowctl.site_files import read_source
from flowctl.storage.bulletins import make_due
from flowctl.storage.jobs import claim_job, finish_job
from flowctl.storage.penalties import NO_SHOW, add_penalty
from flowctl.storage.sources import Scope
from flowctl.workflow.stages import Desk

_PDF = b"%PDF-1.7\n" + b"an invoice\n" * 20
_NOW = 90  # minutes after eight
_TRIPS = 14


@contextmanager
def lively(database: str, valkey: str, state: Path) -> Iterator[RunningApi]:
    """Run the API of Lạng Sơn with a morning behind it."""
    make_key(state / "key")
    settings = Settings(
        database_url=database,
        valkey_url=valkey,
        secret=SECRET,
        ledger_key_file=state / "key",
    )
    source = read_source(SITE)
    with border(database, workflow=source.workflow, fees=source.fees) as place:
        token = sources.add_source(
            place.conn, name="trackers", enrols=True, scopes=set(Scope) - {Scope.WITNESS}
        )
        sources.set_terms(place.conn, "trackers", agency=Desk.CUSTOMS)
        clock = SetClock(after(0))
        app = create_app(settings, clock)
        with served(app) as url:
            running = RunningApi(url, app, clock, token, place)
            try:
                _live_through(running)
                yield running
            finally:
                for client in running.clients:
                    client.close()


def _live_through(api: RunningApi) -> None:
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    trips = [_declare(haulier, number) for number in range(_TRIPS)]
    _happen(api, trips)
    api.clock.at = after(_NOW)
    swap(api.border)
    look(api.border, _NOW)
    _keep_papers(api, haulier, trips)
    _act(operator, trips)
    _plan(api)
    _partner(api, trips)


def _declare(haulier: httpx.Client, number: int) -> int:
    body = {
        "plate": f"29C-6{number:04d}",
        "phone": f"09031{number:05d}",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh" if number % 2 else "huu_nghi"],
        "ready_at": after(30).isoformat(),
        "device": f"gps-{number}",
    }
    return int(_made(haulier, "/v1/trips", body)["id"])


def _happen(api: RunningApi, trips: Sequence[int]) -> None:
    """Let some trucks stand in the yard, some be told their slot, one be called up."""
    place = api.border
    for number, trip in enumerate(trips[:8]):
        place.visit(trip, "yard_bao_nguyen", 1 + number)
        place.position(trip, 106.69 + number / 1000, 21.98, 60)
    for number, trip in enumerate(trips[:4]):
        place.tell(trip, after(120 + 15 * number), "tan_thanh")
    place.release(trips[0], 80, until=140)
    for n in range(3):
        add_penalty(
            *(place.conn, place.site, trips[5]),
            kind=NO_SHOW,
            loses_s=600,
            reason="did not show up",
            actor="flowctl",
            now=after(n),
        )
    with place.conn.transaction():
        make_due(place.conn, place.site, after(_NOW) + timedelta(days=2))


def _keep_papers(api: RunningApi, haulier: httpx.Client, trips: Sequence[int]) -> None:
    draft = uuid4()
    form = {"plate": "29C-70001", "goods": "thanh long"}
    for path, more in ((f"/v1/drafts/{draft}", {"revision": 0}), ("/v1/templates/fruit", {})):
        answer = haulier.put(path, json={"form": form, **more})
        assert answer.status_code == 200, answer.text
    asked = {"kind": "invoice", "name": "invoice.pdf"}
    for number in range(3):
        answer = haulier.post(
            f"/v1/trips/{trips[number]}/documents", params=asked, content=_PDF + bytes([number])
        )
        assert answer.status_code == 201, answer.text
    [(penalty,)] = api.border.conn.execute("select min(id) from penalties").fetchall()
    about = {"about": f"penalty:{penalty}", "trip": trips[5], "words": "The truck was there."}
    _made(haulier, "/v1/appeals", about)
    _made(api.person(Role.OFFICER), "/v1/paper/tan_thanh", None)


def _act(operator: httpx.Client, trips: Sequence[int]) -> None:
    closed = {
        "starts_at": after(300).isoformat(),
        "ends_at": after(360).isoformat(),
        "reason": "fog",
    }
    _made(operator, "/v1/gates/tan_thanh/closures", closed)
    hold = {"kind": "hold_truck", "trip_id": trips[6], "reason": "papers"}
    _made(operator, "/v1/acts", hold)
    entered = {"what": "entered", "yard": "yard_viettel", "reason": "tracker_silent"}
    _made(operator, f"/v1/trips/{trips[9]}/hand", entered)
    _made(operator, "/v1/devices", {"uid": "spare"})
    _made(operator, "/v1/devices/gps-3/fault", {"reason": "jumps"})
    _made(operator, "/v1/zone-drafts", {})
    switched = {"handover": "transshipment", "reason": "no drivers"}
    operator.post("/v1/gates/huu_nghi/handovers", json=switched, headers=_key())


def _plan(api: RunningApi) -> None:
    planner, conn = api.person(Role.PLANNER), api.border.conn
    asked = {"scenario": "2024-01-23", "steering": "n_control", "seed": 7, "replications": 2}
    _made(planner, "/v1/simulations", asked)
    wall = _wall(conn)
    job = claim_job(conn, planned=False, wall_now=wall, beat_lost_after=timedelta(minutes=1))
    assert job is not None
    finish_job(conn, job.id, kept_run(), done=2, wall_now=wall)
    _made(planner, "/v1/simulations", {**asked, "seed": 8})


def _partner(api: RunningApi, trips: Sequence[int]) -> None:
    machine = api.machine()
    told = {"items": [{"trip": trips[2], "facts": {"goods": "gỗ", "weight_t": 21.5}}]}
    answer = machine.post("/v1/partner/facts", json=told)
    assert answer.status_code == 200, answer.text


def _made(client: httpx.Client, path: str, body: object) -> dict[str, Any]:
    answer = client.post(path, json=body, headers=_key())
    assert answer.status_code in {200, 201, 202}, f"{path}: {answer.text}"
    found: dict[str, Any] = answer.json()
    return found


def _key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def _wall(conn: psycopg.Connection[Any]) -> Any:  # noqa: ANN401
    [(now,)] = conn.execute("select now()").fetchall()
    return now


_NAMES: Sequence[tuple[str, str, str]] = (
    ("/v1/accounts", "name", "select name from accounts where role <> 'administrator'"),
    ("/v1/sources", "name", "select name from sources"),
    ("/v1/templates", "name", "select name from templates"),
    ("/v1/bulletins", "name", "select day || '.html' from bulletins"),
    ("/v1/keys", "key_id", "select id from source_tokens"),
    ("/v1/drafts", "draft_id", "select id from drafts"),
    ("/v1/drafts", "draft", "select id from drafts"),
    ("/v1/documents", "document_id", "select id from documents"),
    ("/v1/persons", "person", "select id from drivers"),
    ("/v1/devices", "uid", "select uid from devices"),
    ("/v1/devices", "assignment_id", "select id from device_trucks"),
    ("/v1/hand-words", "word_id", "select id from hand_words"),
    ("", "trip_id", "select id from trips"),
    ("", "penalty_id", "select id from penalties"),
    ("", "appeal_id", "select id from appeals"),
    ("", "conflict_id", "select id from conflicts"),
    ("", "stage", "select distinct stage from trip_stages"),
    ("", "switch_id", "select id from handovers"),
    ("", "closure_id", "select id from closures"),
    ("", "act_id", "select id from acts"),
    ("", "order", "select mark from paper_orders"),
    ("", "alert_id", "select id from alerts"),
    ("", "message_id", "select id from outbox"),
    ("", "payment_id", "select id from payments"),
    ("", "scenario", "select id from scenarios"),
    ("", "job_id", "select id from jobs"),
    ("/v1/workflows", "version", "select version from workflows"),
    ("/v1/zone-drafts", "draft", "select id from zone_drafts"),
    ("/v1/zone-versions", "version", "select id from site_versions"),
    ("/v1/hooks", "source", "select name from sources"),
)
_FIXED = {
    "gate": ["tan_thanh", "huu_nghi"],
    "yard": ["yard_bao_nguyen", "yard_viettel"],
    "day": ["2024-01-23"],
    "reference": ["waybill-1"],
}


def names(api: RunningApi, path: str) -> dict[str, list[Any]]:
    """Return what there is by now for each name that stands in a path."""
    found: dict[str, list[Any]] = {name: [*of] for name, of in _FIXED.items()}
    found["way"] = [way.id for way in api.border.site.corridors]
    for prefix, name, query in _NAMES:
        if path.startswith(prefix) and f"{{{name}}}" in path:
            rows = api.border.conn.execute(f"{query} limit 20").fetchall()  # type: ignore[arg-type]
            found[name] = [row[0] for row in rows]
    if path.startswith("/v1/driver/"):
        trips = api.border.conn.execute("select id from trips order by id limit 8").fetchall()
        found["code"] = [link_code(KEYS, trip, 0) for (trip,) in trips]
    if path.endswith(("/{token}", "/{token}/")):
        found["token"] = [api.token]
    return {name: of for name, of in found.items() if of and f"{{{name}}}" in path}
