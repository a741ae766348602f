"""Drafts that save themselves, templates, and forms that are filled in with what is known."""

import json
from uuid import uuid4

import httpx
import pytest
from agencies import give_workflow, officer
from api_server import RunningApi
from psycopg.types.json import Jsonb
from test_api_declarations import WHOLE
from test_api_trips import declaration, refusal, register

from flowctl.registry.accounts import Agency, Role


def put(client: httpx.Client, draft: str, revision: int, **form: object) -> httpx.Response:
    return client.put(f"/v1/drafts/{draft}", json={"revision": revision, "form": form})


def test_a_draft_is_saved_over_the_revision_it_was_read_from_alone(api: RunningApi):
    haulier, draft = api.person(Role.HAULIER), str(uuid4())
    assert put(haulier, draft, 0, plate="12C").json()["revision"] == 1
    assert put(haulier, draft, 1, plate="12C-1").json()["revision"] == 2
    for stale in (0, 1):
        answer = put(haulier, draft, stale, plate="another window")
        assert "from another window (revision 2" in refusal(answer, 409)
        assert answer.json()["type"] == "urn:flowctl:draft_newer"
    assert haulier.get(f"/v1/drafts/{draft}").json()["form"] == {"plate": "12C-1"}
    assert [one["id"] for one in haulier.get("/v1/drafts").json()] == [draft]


def test_nobody_else_sees_a_draft_and_the_tables_do_not_tell_it(api: RunningApi):
    haulier, draft = api.person(Role.HAULIER), str(uuid4())
    put(haulier, draft, 0, driver_name="Nguyễn")
    other = api.person(Role.HAULIER, "other")
    assert other.get("/v1/drafts").json() == []
    assert other.get(f"/v1/drafts/{draft}").status_code == 404
    assert put(other, draft, 0, plate="x").status_code == 404
    assert other.delete(f"/v1/drafts/{draft}").status_code == 404
    [(cipher,)] = api.border.conn.execute("select cipher from drafts").fetchall()
    assert "Nguyễn".encode() not in bytes(cipher)


def test_a_declared_draft_is_gone_with_its_words_and_its_documents_are_the_trips(api: RunningApi):
    haulier, draft = api.person(Role.HAULIER), str(uuid4())
    put(haulier, draft, 0, plate="12C-123.45")
    api.border.conn.execute(
        "insert into documents (id, site, draft_id, kind, media_type, size_bytes, added_by,"
        " added_at) values (%s, 'lang_son', %s, 'other', 'image/png', 1, 'haulier', now())",
        [uuid4(), draft],
    )
    trip = haulier.post("/v1/trips", json=declaration(draft=draft)).json()["id"]
    assert haulier.get("/v1/drafts").json() == []
    answer = put(haulier, draft, 1, plate="late autosave")
    assert answer.json()["type"] == "urn:flowctl:draft_declared"
    rows = api.border.conn.execute("select trip_id, draft_id from documents").fetchall()
    assert rows == [(trip, None)]
    answer = haulier.post("/v1/trips", json=declaration(plate="12C-9", device=None, draft=draft))
    assert answer.status_code == 404


@pytest.mark.parametrize("odd", ["\ud800", "a\0b"])
def test_a_text_that_cannot_be_kept_is_refused_wherever_it_stands(api: RunningApi, odd: str):
    give_workflow(api)
    haulier = api.person(Role.HAULIER)
    trip = register(haulier, device=None)["id"]
    draft = f"/v1/drafts/{uuid4()}"
    asked: list[tuple[str, str, dict[str, object]]] = [
        ("PUT", draft, {"revision": 0, "form": {"goods": odd}}),
        ("PUT", draft, {"revision": 0, "form": {odd: 1}}),
        ("PUT", draft, {"revision": 0, "form": {"gates": [{"deep": [odd]}]}}),
        ("PUT", "/v1/templates/plain", {"form": {"goods": odd}}),
        ("PUT", "/v1/templates/plain", {"form": {}, "customer": odd}),
        ("PUT", "/v1/templates/plain", {"form": {}, "name": odd}),
        ("POST", "/v1/appeals", {"about": "quota", "words": f"{odd} a reason"}),
        ("PATCH", f"/v1/trips/{trip}", {"goods": odd}),
        ("PATCH", f"/v1/trips/{trip}", {"evidence": odd, "trailer": "12R-00001"}),
    ]
    for method, path, body in asked:
        # Python's own writer of JSON says such a text as browsers do: by its escape.
        answer = haulier.request(method, path, content=json.dumps(body))
        assert answer.status_code == 422, (path, body, answer.text)
    guard, said = officer(api, Agency.BORDER_GUARD), {"act": "confirmed", "note": odd}
    answer = guard.post(f"/v1/trips/{trip}/stages/border_guard", content=json.dumps(said))
    assert answer.status_code == 422, answer.text
    assert haulier.get("/v1/drafts").json() == haulier.get("/v1/templates").json() == []


def test_a_form_beyond_measure_is_refused(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    assert "larger than" in refusal(put(haulier, str(uuid4()), 0, goods="x" * 40_000), 422)


def test_templates_are_kept_by_name_for_a_customer(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    for goods in ("Gạo", "Thanh long"):
        body = {"customer": "An Phú", "form": {"goods": goods}}
        assert haulier.put("/v1/templates/An Phú 1", json=body).status_code == 200
    [kept] = haulier.get("/v1/templates").json()
    assert (kept["name"], kept["customer"], kept["form"]) == (
        "An Phú 1",
        "An Phú",
        {"goods": "Thanh long"},
    )
    assert api.person(Role.HAULIER, "other").get("/v1/templates").json() == []
    assert haulier.delete("/v1/templates/An Phú 1").status_code == 204
    assert haulier.delete("/v1/templates/An Phú 1").status_code == 404


def test_a_form_is_filled_in_from_the_trucks_last_trip(api: RunningApi):
    haulier = api.person(Role.HAULIER)
    trip = haulier.post("/v1/trips", json=declaration(**WHOLE)).json()["id"]
    filled = haulier.get("/v1/prefill", params={"plate": "12c 123 45"}).json()
    form = filled["form"]
    assert (form["driver_name"], form["phone"]) == ("Nguyễn Văn A", "+84903123456")
    assert (form["trailer"], form["goods"], form["gates"]) == (
        "12R00123",
        "Thanh long",
        ["tan_thanh"],
    )
    assert form.keys().isdisjoint({"ready_at", "declaration", "haulier"})
    assert set(filled["origins"].values()) == {"last"}
    assert haulier.get("/v1/prefill", params={"trip": trip}).json() == filled
    rows = api.border.conn.execute("select subject from audit where act = 'person.seen'").fetchall()
    assert rows == [(f"trip:{trip}",)] * 2


def test_a_haulier_is_not_filled_in_with_what_is_anothers(api: RunningApi):
    trip = api.machine().post("/v1/trips", json=declaration(**WHOLE)).json()["id"]
    api.border.conn.execute(
        "insert into foreknown (site, source, reference, plate, facts, at)"
        " values ('lang_son', 'customs', 'TK-1', '12C12345', %s, now())",
        [Jsonb({"goods": "Sầu riêng", "driver_name": "never"})],
    )
    haulier, operator = api.person(Role.HAULIER), api.person(Role.OPERATOR)
    by_plate = {"plate": "12C12345"}
    assert haulier.get("/v1/prefill", params=by_plate).json() == {"form": {}, "origins": {}}
    assert haulier.get("/v1/prefill", params={"trip": trip}).status_code == 404
    known = {"form": {"goods": "Sầu riêng"}, "origins": {"goods": "source:customs"}}
    assert haulier.get("/v1/prefill", params={"reference": "TK-1"}).json() == known
    filled = operator.get("/v1/prefill", params=by_plate).json()
    assert (filled["form"]["goods"], filled["origins"]["goods"]) == ("Sầu riêng", "source:customs")
    assert filled["form"]["driver_name"] == "Nguyễn Văn A"
