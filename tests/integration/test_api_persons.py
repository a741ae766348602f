"""What is kept of a driver: found, handed out, erased by an administrator; each look is noted."""

import json
from dataclasses import astuple
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from api_server import RunningApi
from border import KEYS, after
from psycopg import sql

from flowctl.errors import FlowctlError
from flowctl.registry.accounts import Role
from flowctl.registry.keys import decrypt_own, encrypt_answer, hash_phone
from flowctl.registry.persons import unseal
from flowctl.registry.trips import cancel
from flowctl.storage.outbox import queue_message

PHONE = "0903 123 456"
NAME, LICENCE = "Nguyễn Văn Ánh", "790123456789"
OWN = ("drivers", "trips", "declarations", "documents", "document_parts", "sms_answers", "drafts")
PDF = b"%PDF-1.7\n" + b"an invoice\n" * 40


@pytest.fixture
def admin(api: RunningApi) -> httpx.Client:
    return api.person(Role.ADMINISTRATOR)


@pytest.fixture
def haulier(api: RunningApi) -> httpx.Client:
    return api.person(Role.HAULIER, "viettrans")


def declare(haulier: httpx.Client, plate: str = "12C12345", **more: str) -> int:
    body = {
        "plate": plate,
        "phone": PHONE,
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": "2024-01-23T01:00:00Z",
        "driver_name": NAME,
        "licence": LICENCE,
        "consent": True,
        **more,
    }
    answer = haulier.post("/v1/trips", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def attach(haulier: httpx.Client, trip: int) -> str:
    answer = haulier.post(
        f"/v1/trips/{trip}/documents",
        params={"kind": "invoice", "name": "Hóa đơn.pdf"},
        content=PDF,
        headers={"Content-Type": "application/pdf"},
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def write(api: RunningApi, text: str) -> None:
    """Let the driver write an SMS."""
    api.border.conn.execute(
        "insert into sms_answers (site, gateway, ref, phone_hash, cipher, outcome, at)"
        " values ('lang_son', 'file', '1', %s, %s, 'taken', %s)",
        [hash_phone(KEYS, "+84903123456"), encrypt_answer(KEYS, text), after(3)],
    )


def write_to_driver(api: RunningApi, trip: int) -> None:
    """Let an operator write to a trip's driver in words of their own, at minute 20."""
    [(text,)] = api.border.conn.execute(
        "insert into desk_texts (site, text, parts, messages, written_by, written_at)"
        " values ('lang_son', 'Cổng 2 đóng', 1, 1, 'operator', %s) returning id",
        [after(20)],
    ).fetchall()
    queue_message(
        api.border.conn,
        site="lang_son",
        trip_id=trip,
        kind="desk",
        params={"text": text},
        now=after(20),
        expires_at=None,
    )


def found(admin: httpx.Client, **by: str) -> list[dict[str, Any]]:
    answer = admin.post("/v1/persons/find", json=by)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()
    return rows


def accesses(admin: httpx.Client, **asked: str | int) -> list[tuple[str, str, str]]:
    answer = admin.get("/v1/persons/accesses", params=asked)
    assert answer.status_code == 200, answer.text
    return [(one["account"], one["act"], one["subject"]) for one in answer.json()["rows"]]


def end(api: RunningApi, trip: int) -> None:
    with api.border.conn.transaction():
        cancel(api.border.conn, api.border.site, trip, by="the test", now=after(30))


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["type"]).removeprefix("urn:flowctl:")


def test_a_driver_is_found_by_number_and_by_plate_and_neither_is_written_down(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    trip = declare(haulier)
    [by_number] = found(admin, phone="+84 903 123 456")
    assert found(admin, plate="12C-123.45") == [by_number]
    assert (by_number["trips"], by_number["active"], by_number["named"]) == (1, True, True)
    assert by_number["plates"] == ["12C12345"]
    assert found(admin, phone="0903 999 999") == []
    for body in ({}, {"phone": PHONE, "plate": "12C12345"}):
        assert refused(admin.post("/v1/persons/find", json=body), 422) == "person_by"
    log = str(api.border.conn.execute("select before, after from audit").fetchall())
    assert "903" not in log
    assert NAME not in log
    assert trip


def test_a_driver_is_handed_out_all_that_is_kept_of_him(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    trip, other = declare(haulier), declare(haulier, "12C99999", phone="0903 999 999")
    document = attach(haulier, trip)
    write(api, "đến muộn 30 phút")
    api.border.conn.execute(
        "update trips set device_id = (select min(id) from devices) where id = %s", [other]
    )
    api.person(Role.OFFICER).get(f"/v1/documents/{document}")
    [person] = found(admin, phone=PHONE)
    answer = admin.get(f"/v1/persons/{person['id']}/export")
    assert answer.headers["content-disposition"].startswith("attachment")
    own = json.loads(answer.text)
    assert (own["phone"], own["language"]) == ("+84903123456", "vi")
    assert [one["id"] for one in own["trips"]] == [trip]
    [declared] = own["declarations"]
    assert (declared["driver_name"], declared["licence"]) == (NAME, LICENCE)
    assert declared["consent_at"] is not None
    assert [one["text"] for one in own["answers"]] == ["đến muộn 30 phút"]
    assert [one["kind"] for one in own["messages"]] == ["registered"]
    assert [one["id"] for one in own["documents"]] == [document]
    assert [one["account"] for one in own["accesses"]] == ["officer"]
    assert "cipher" not in answer.text
    assert "12C99999" not in answer.text
    assert refused(admin.get("/v1/persons/4711/export"), 404) == "no_person"


def test_where_his_truck_was_is_handed_out_as_zones_and_hours_of_his_trips_alone(
    api: RunningApi, admin: httpx.Client
):
    trip = api.border.trip(phone="+84903123456")
    api.border.visit(trip, "yard_bao_nguyen", 5, 25)
    api.border.visit(trip, "yard_bao_nguyen", 300, 325)
    end(api, trip)
    [person] = found(admin, phone=PHONE)
    own = admin.get(f"/v1/persons/{person['id']}/export").json()
    assert [(one["trip"], one["zone"]) for one in own["places"]] == [(trip, "yard_bao_nguyen")]


def test_a_driver_is_not_erased_while_his_trip_runs_and_the_refusal_names_the_truck(
    admin: httpx.Client, haulier: httpx.Client
):
    declare(haulier)
    [person] = found(admin, phone=PHONE)
    answer = admin.post(f"/v1/persons/{person['id']}/erase")
    assert refused(answer, 409) == "person_active"
    assert answer.json()["values"]["plate"] == "12C12345"
    assert found(admin, phone=PHONE) == [person]


def test_what_was_erased_opens_by_no_secret_also_from_a_copy_of_the_tables(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    conn = api.border.conn
    trip = declare(haulier)
    document = attach(haulier, trip)
    write(api, "CHAO")
    [person] = found(admin, phone=PHONE)
    rows = conn.execute("select driver_cipher from declarations").fetchall()
    parts = conn.execute("select cipher from document_parts").fetchall()
    assert NAME in (unseal(conn, KEYS, person["id"], rows[0][0]) or "")
    end(api, trip)
    answer = admin.post(f"/v1/persons/{person['id']}/erase")
    assert answer.json() == {"person": person["id"], "trips": 1, "documents": 1, "forms": 0}
    # Somebody kept the ciphers, and has the secret of the site: there is no key any more.
    assert unseal(conn, KEYS, person["id"], rows[0][0]) is None
    left = conn.execute(
        "select 1 from drivers where data_key is not null"
        " union all select 1 from documents where data_key is not null"
    ).fetchall()
    assert left == []
    for key in astuple(KEYS):
        for place in (f"driver {person['id']}", f"document {document} part 0 last"):
            with pytest.raises(FlowctlError):
                decrypt_own(key, parts[0][0], place)
            with pytest.raises(FlowctlError):
                decrypt_own(key, rows[0][0], place)
    everything = dump(conn)
    for secret in (NAME, LICENCE, "CHAO", "+84903123456", "Hóa đơn.pdf"):
        assert secret not in everything
        assert secret.encode().hex() not in everything
    assert parts[0][0].hex() not in everything
    assert rows[0][0].hex() not in everything
    assert found(admin, phone=PHONE) == []
    assert refused(haulier.get(f"/v1/documents/{document}"), 409) == "document_erased"
    own = admin.get(f"/v1/persons/{person['id']}/export").json()
    assert (own["phone"], own["answers"]) == (None, [])
    assert own["declarations"][0]["driver_name"] is None
    assert own["documents"][0]["state"] == "erased"


def dump(conn: psycopg.Connection[Any]) -> str:
    """Return all rows of all tables that belong to drivers and trips, as text."""
    rows: list[Any] = []
    for table in (*OWN, "audit"):
        select = sql.SQL("select x::text from {} x").format(sql.Identifier(table))
        rows += conn.execute(select).fetchall()
    return str(rows)


def test_who_was_erased_may_come_again_as_somebody_new(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    end(api, declare(haulier))
    [before] = found(admin, phone=PHONE)
    assert admin.post(f"/v1/persons/{before['id']}/erase").status_code == 200
    declare(haulier)
    [again] = found(admin, phone=PHONE)
    assert again["id"] != before["id"]
    assert again["trips"] == 1


def test_a_driver_who_gave_a_trip_to_another_is_erased_while_it_runs(
    admin: httpx.Client, haulier: httpx.Client
):
    trip = declare(haulier)
    [former] = found(admin, phone=PHONE)
    answer = haulier.patch(f"/v1/trips/{trip}", json={"phone": "0903 999 999"})
    assert answer.status_code == 200, answer.text
    assert admin.post(f"/v1/persons/{former['id']}/erase").status_code == 200
    assert found(admin, phone=PHONE) == []
    [present] = found(admin, phone="0903 999 999")
    assert admin.get(f"/v1/persons/{present['id']}/export").json()["trips"][0]["id"] == trip


def test_who_gave_a_trip_to_another_is_handed_out_what_was_his_and_nothing_of_the_other(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    trip = declare(haulier)
    api.clock.at = after(10)
    change = {"phone": "0903 999 999", "driver_name": "Trần Văn Bé", "licence": "B2-99999"}
    answer = haulier.patch(f"/v1/trips/{trip}", json={**change, "consent": True})
    assert answer.status_code == 200, answer.text
    write_to_driver(api, trip)
    [former] = found(admin, phone=PHONE)
    own = admin.get(f"/v1/persons/{former['id']}/export").json()
    assert [(one["id"], one["his_until"]) for one in own["trips"]] == [
        (trip, "2024-01-23T01:10:00Z")
    ]
    assert [one["kind"] for one in own["messages"]] == ["registered"]
    assert own["declarations"] == own["documents"] == []
    [present] = found(admin, phone="0903 999 999")
    his = admin.get(f"/v1/persons/{present['id']}/export").json()
    assert his["declarations"][0]["driver_name"] == "Trần Văn Bé"
    assert his["messages"][-1]["says"]["words"] == "Cổng 2 đóng"


def test_every_look_at_what_is_personal_is_listed_by_account_trip_and_person(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    trip = declare(haulier)
    document = attach(haulier, trip)
    officer = api.person(Role.OFFICER)
    officer.get(f"/v1/documents/{document}")
    [person] = found(admin, phone=PHONE)
    admin.get(f"/v1/persons/{person['id']}/export")
    end(api, trip)
    admin.post(f"/v1/persons/{person['id']}/erase")
    looks = [
        ("administrator", "person.erase", f"person:{person['id']}"),
        ("administrator", "person.export", f"person:{person['id']}"),
        ("officer", "document.opened", f"document:{document}"),
    ]
    assert accesses(admin, person=person["id"]) == looks
    assert accesses(admin, trip=trip) == looks[2:]
    assert accesses(admin, account="officer") == looks[2:]
    assert accesses(admin) == [
        *looks[:2],
        ("administrator", "person.find", "site:lang_son"),
        looks[2],
    ]
    page = admin.get("/v1/persons/accesses", params={"limit": 2}).json()
    rest = admin.get("/v1/persons/accesses", params={"before": page["before"]}).json()
    assert len(page["rows"]) == len(rest["rows"]) == 2
    assert (rest["rows"][1]["trip"], rest["rows"][1]["plate"]) == (trip, "12C12345")


def test_nobody_but_an_administrator_finds_hands_out_erases_or_reads_who_looked(
    api: RunningApi, haulier: httpx.Client
):
    clients = [haulier, *(api.person(role) for role in (Role.OFFICER, Role.OPERATOR))]
    for client in clients:
        for answer in (
            client.post("/v1/persons/find", json={"phone": PHONE}),
            client.get("/v1/persons/1/export"),
            client.post("/v1/persons/1/erase"),
            client.get("/v1/persons/accesses"),
        ):
            assert answer.status_code == 403


def test_drafts_and_templates_that_name_who_was_erased_name_him_no_more(
    api: RunningApi, admin: httpx.Client, haulier: httpx.Client
):
    end(api, declare(haulier))
    other = api.person(Role.HAULIER, "other")
    his = {"phone": "0903.123.456", "driver_name": NAME, "goods": "thanh long"}
    licensed = {"phone": "", "licence": "7901 2345 6789", "plate": "12C"}
    anothers = {"phone": "0903 999 999", "driver_name": "Trần Văn Bé"}
    draft = f"/v1/drafts/{uuid4()}"
    for client, where, form in (
        (haulier, "/v1/templates/his", his),
        (other, "/v1/templates/licensed", licensed),
        (haulier, "/v1/templates/another", anothers),
    ):
        answer = client.put(where, json={"name": where[14:], "customer": None, "form": form})
        assert answer.is_success, answer.text
    assert haulier.put(draft, json={"revision": 0, "form": his}).is_success
    [person] = found(admin, phone=PHONE)
    own = admin.get(f"/v1/persons/{person['id']}/export").json()
    assert sorted(str(one["template"]) for one in own["forms"]) == ["None", "his", "licensed"]
    assert admin.post(f"/v1/persons/{person['id']}/erase").json()["forms"] == 3
    left = {one["name"]: one["form"] for one in haulier.get("/v1/templates").json()}
    assert left == {"another": anothers, "his": {"goods": "thanh long"}}
    [kept] = other.get("/v1/templates").json()
    assert kept["form"] == {"plate": "12C"}
    saved = haulier.get(draft).json()
    assert saved["form"] == {"goods": "thanh long"}
    stale = haulier.put(draft, json={"revision": 1, "form": his})
    assert refused(stale, 409) == "draft_newer", "a window that is still open brings nothing back"
