"""What is one haulier's opens for no other one, whichever of its numbers somebody guesses.

Every route that hauliers may call and that names a thing in its path stands here with a request
that its owner could send: a new one without a row fails the first test.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from api_server import RunningApi, SetClock, served
from border import MORNING, SECRET, SITE, border

from api.app import create_app
from api.permissions import PERMISSIONS
from flowctl.registry.accounts import Role
from flowctl.settings import Settings
from flowctl.site_files import read_source

FILES = read_source(SITE)
PDF = b"%PDF-1.7\n" + b"an invoice of one page\n" * 40
_FORM = {"revision": 1, "form": {"plate": "12C34567"}}
_KEY = {"Idempotency-Key": str(uuid4())}
_UPLOAD: dict[str, Any] = {
    "content": PDF,
    "params": {"kind": "invoice", "name": "a.pdf"},
    "headers": {"Content-Type": "application/pdf"},
}

ASKED: Mapping[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/documents/{document_id}"): {},
    ("DELETE", "/v1/documents/{document_id}"): {},
    ("GET", "/v1/drafts/{draft_id}/documents"): {},
    ("POST", "/v1/drafts/{draft_id}/documents"): _UPLOAD,
    ("GET", "/v1/drafts/{draft}"): {},
    ("PUT", "/v1/drafts/{draft}"): {"json": _FORM},
    ("DELETE", "/v1/drafts/{draft}"): {},
    ("GET", "/v1/payments/{payment_id}/receipt.{form}"): {},
    ("DELETE", "/v1/sessions/{session_id}"): {},
    ("GET", "/v1/trips/{trip_id}"): {},
    ("PATCH", "/v1/trips/{trip_id}"): {"json": {"gates": ["huu_nghi"]}},
    ("POST", "/v1/trips/{trip_id}/cancel"): {},
    ("GET", "/v1/trips/{trip_id}/crossings"): {},
    ("GET", "/v1/trips/{trip_id}/declaration"): {},
    ("GET", "/v1/trips/{trip_id}/documents"): {},
    ("POST", "/v1/trips/{trip_id}/documents"): _UPLOAD,
    ("GET", "/v1/trips/{trip_id}/dues"): {},
    ("POST", "/v1/trips/{trip_id}/extension"): {},
    ("GET", "/v1/trips/{trip_id}/penalties"): {},
    ("GET", "/v1/trips/{trip_id}/stages"): {},
    ("POST", "/v1/trips/{trip_id}/stages/{stage}"): {
        "json": {"act": "answered", "note": "here it is"},
    },
    ("POST", "/v1/trips/{trip_id}/standby"): {"json": {"on": True}},
    ("GET", "/v1/trips/{trip_id}/why"): {},
}
NAMED_BY_THEIR_OWNER = {("PUT", "/v1/templates/{name}"), ("DELETE", "/v1/templates/{name}")}
"""A name is the account's own: another one of that name is another template."""


@pytest.fixture
def agencies(database: str, valkey: str) -> Iterator[RunningApi]:
    settings = Settings(
        database_url=database, valkey_url=valkey, public_url="https://gate.example", secret=SECRET
    )
    clock = SetClock()
    with border(database, workflow=FILES.workflow, fees=FILES.fees) as place:
        app = create_app(settings, clock)
        with served(app) as url:
            running = RunningApi(url, app, clock, "", place)
            yield running
            for client in running.clients:
                client.close()


def told(answer: httpx.Response) -> Any:  # noqa: ANN401 - JSON
    assert answer.is_success, answer.text
    return answer.json()


def things_of(agencies: RunningApi, owner: httpx.Client) -> dict[str, str]:
    """Let a haulier have one of everything; returns what each is called in a path."""
    trip = told(
        owner.post(
            "/v1/trips",
            json={
                "plate": "12C-345.67",
                "phone": "0912345678",
                "language": "vi",
                "direction": "export",
                "cargo": "normal",
                "gates": ["tan_thanh"],
                "ready_at": MORNING.isoformat(),
                "goods": "Cam",
            },
        )
    )["id"]
    draft = str(uuid4())
    told(owner.put(f"/v1/drafts/{draft}", json={**_FORM, "revision": 0}))
    document = told(owner.post(f"/v1/trips/{trip}/documents", **_UPLOAD))["id"]
    paid = agencies.person(Role.OPERATOR).post(
        f"/v1/trips/{trip}/payments", json={"method": "cash", "amount_vnd": 1000}, headers=_KEY
    )
    return {
        "trip_id": str(trip),
        "draft": draft,
        "draft_id": draft,
        "document_id": document,
        "payment_id": str(told(paid)["payments"][0]["id"]),
        "form": "html",
        "session_id": told(owner.get("/v1/sessions"))[0]["id"],
        "stage": "arrival",
    }


def test_every_route_of_hauliers_that_names_a_thing_is_tried():
    named = {
        route
        for route, roles in PERMISSIONS.items()
        if roles is not None and Role.HAULIER in roles and "{" in route[1]
    }
    assert named == ASKED.keys() | NAMED_BY_THEIR_OWNER


def test_nothing_of_one_haulier_opens_for_another_one(agencies: RunningApi):
    owner, stranger = (agencies.person(Role.HAULIER, name) for name in ("owner", "stranger"))
    things = things_of(agencies, owner)
    before = told(owner.get(f"/v1/trips/{things['trip_id']}"))
    answers = {}
    for (method, path), request in ASKED.items():
        filled = re.sub(r"\{(\w+)\}", lambda found: things[found[1]], path)
        answer = stranger.request(method, filled, **request)
        answers[method, path] = (answer.status_code, answer.text[:200])
    assert {route: said for route, said in answers.items() if said[0] not in {403, 404}} == {}
    assert told(owner.get(f"/v1/trips/{things['trip_id']}")) == before, "and nothing has changed"
    assert owner.get(f"/v1/documents/{things['document_id']}").status_code in {200, 409}
    assert owner.get("/v1/sessions/current").status_code == 200


def test_nobodys_lists_show_what_is_anothers(agencies: RunningApi):
    owner, stranger = (agencies.person(Role.HAULIER, name) for name in ("owner", "stranger"))
    things_of(agencies, owner)
    for path in ("/v1/trips", "/v1/declarations", "/v1/drafts", "/v1/templates", "/v1/appeals"):
        assert "34567" not in stranger.get(path).text, path
    found = stranger.get("/v1/prefill", params={"plate": "12C34567"})
    assert "0912345678" not in found.text
    assert "Cam" not in found.text


def test_a_session_that_ended_opens_nothing(agencies: RunningApi):
    owner = agencies.person(Role.HAULIER, "owner")
    things = things_of(agencies, owner)
    kept = owner.cookies["flowctl_session"]
    assert owner.delete("/v1/sessions/current").status_code == 204
    gone = agencies.client(Cookie=f"flowctl_session={kept}", **{"X-Flowctl": "1"})
    for (method, path), request in ASKED.items():
        filled = re.sub(r"\{(\w+)\}", lambda found: things[found[1]], path)
        assert gone.request(method, filled, **request).status_code == 401, path
