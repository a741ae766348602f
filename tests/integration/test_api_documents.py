"""Documents of declarations: sent, kept encrypted, opened by whom they concern, taken away."""

import hashlib
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from api_server import RunningApi, served
from border import KEYS, after
from pydantic import SecretStr

from api.app import create_app
from api.uploads import UploadParams, Uploads
from flowctl.errors import FlowctlError
from flowctl.registry.accounts import Role
from flowctl.registry.documents import LARGEST_BYTES, MOST_DOCUMENTS
from flowctl.registry.keys import derive_keys
from flowctl.registry.sealed import open_parts
from flowctl.storage.documents import list_parts

PDF = b"%PDF-1.7\n" + b"an invoice of one page\n" * 40
BIG = b"%PDF-1.7\n" + bytes(range(256)) * 16_000  # four parts
JPEG = b"\xff\xd8\xff\xe0" + b"a photo" * 100
PNG = b"\x89PNG\r\n\x1a\n" + b"a drawing" * 100


@pytest.fixture
def haulier(api: RunningApi) -> httpx.Client:
    return api.person(Role.HAULIER, "viettrans")


def a_trip(haulier: httpx.Client, plate: str = "12C12345") -> int:
    body = {
        "plate": plate,
        "phone": "0903 123 456",
        "language": "vi",
        "direction": "export",
        "cargo": "normal",
        "gates": ["tan_thanh"],
        "ready_at": "2024-01-23T01:00:00Z",
    }
    answer = haulier.post("/v1/trips", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def a_draft(api: RunningApi, account: str) -> UUID:
    draft = uuid4()
    api.border.conn.execute(
        "insert into drafts (id, site, account, cipher, revision, changed_at)"
        " values (%s, 'lang_son', %s, '', 1, %s)",
        [draft, account, after(0)],
    )
    return draft


def send(
    client: httpx.Client,
    owner: str,
    content: Any = PDF,  # noqa: ANN401 - whatever httpx sends
    *,
    kind: str = "invoice",
    name: str = "Hóa đơn.pdf",
    media_type: str = "application/pdf",
) -> httpx.Response:
    return client.post(
        f"/v1/{owner}/documents",
        params={"kind": kind, "name": name},
        content=content,
        headers={"Content-Type": media_type},
    )


def sent(client: httpx.Client, owner: str, content: bytes = PDF, **said: str) -> dict[str, Any]:
    answer = send(client, owner, content, **said)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def refused(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    return str(answer.json()["type"]).removeprefix("urn:flowctl:")


def acts(api: RunningApi, subject: str) -> list[tuple[str, str]]:
    return api.border.conn.execute(
        "select act, account from audit where subject = %s order by id", [subject]
    ).fetchall()


def test_a_document_comes_back_as_it_was_sent_as_an_attachment_that_runs_nothing(
    haulier: httpx.Client,
):
    trip = a_trip(haulier)
    document = sent(haulier, f"trips/{trip}", BIG, name="..\\hồ sơ\\Hóa đơn 12.PDF")
    assert document["name"] == "Hóa đơn 12.pdf"
    assert (document["kind"], document["media_type"]) == ("invoice", "application/pdf")
    assert (document["size_bytes"], document["state"]) == (len(BIG), "unscanned")
    assert (document["added_by"], document["opens"]) == ("viettrans", True)
    answer = haulier.get(f"/v1/documents/{document['id']}")
    assert answer.content == BIG
    assert answer.headers["content-type"] == "application/pdf"
    said = answer.headers["content-disposition"]
    assert said == "attachment; filename*=UTF-8''H%C3%B3a%20%C4%91%C6%A1n%2012.pdf"
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert haulier.get(f"/v1/trips/{trip}/documents").json() == [document]


def test_nothing_of_a_document_lies_open_in_the_database(api: RunningApi, haulier: httpx.Client):
    sent(haulier, f"trips/{a_trip(haulier)}", PDF, name="Bí mật.pdf")
    rows = api.border.conn.execute(
        "select d::text || p::text from documents d join document_parts p on p.document_id = d.id"
    ).fetchall()
    dump = str(rows)
    assert b"invoice of one".hex() not in dump
    assert "Bí mật" not in dump
    assert "Bí mật".encode().hex() not in dump
    assert hashlib.sha256(PDF).hexdigest() not in dump


@pytest.mark.parametrize("content", [PDF, JPEG, PNG])
def test_a_type_is_known_by_the_first_bytes_when_the_sender_says_none(
    haulier: httpx.Client, content: bytes
):
    trip = a_trip(haulier)
    document = sent(haulier, f"trips/{trip}", content, media_type="", name="tệp")
    ending = {PDF: "pdf", JPEG: "jpg", PNG: "png"}[content]
    assert document["name"] == f"tệp.{ending}"


@pytest.mark.parametrize(
    ("content", "said", "kind"),
    [
        (b"", "application/pdf", "document_empty"),
        (b"MZ\x90\x00 a program", "application/pdf", "document_type"),
        (b"<html><script>alert(1)</script>", "text/html", "document_type"),
        (b"PK\x03\x04 an archive", "application/zip", "document_type"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic", "document_type"),
        (JPEG, "application/pdf", "document_called"),
        (PDF, "text/html; charset=utf-8", "document_called"),
    ],
)
def test_what_is_no_document_or_called_another_is_refused_and_nothing_is_kept(
    haulier: httpx.Client, content: bytes, said: str, kind: str
):
    trip = a_trip(haulier)
    assert refused(send(haulier, f"trips/{trip}", content, media_type=said), 422) == kind
    assert haulier.get(f"/v1/trips/{trip}/documents").json() == []


def test_a_kind_that_is_none_is_refused(haulier: httpx.Client):
    answer = send(haulier, f"trips/{a_trip(haulier)}", kind="gossip")
    assert answer.status_code == 422
    assert "kind" in answer.json()["detail"]


def test_a_document_that_is_sent_again_counts_once(api: RunningApi, haulier: httpx.Client):
    trip = a_trip(haulier)
    with ThreadPoolExecutor(3) as crowd:
        answers = list(crowd.map(lambda _: send(haulier, f"trips/{trip}"), range(3)))
    assert sorted(one.status_code for one in answers) == [200, 200, 201]
    assert len({one.json()["id"] for one in answers}) == 1
    assert acts(api, f"document:{answers[0].json()['id']}") == [("document.add", "viettrans")]
    sent(haulier, f"trips/{trip}", kind="packing_list")
    assert len(haulier.get(f"/v1/trips/{trip}/documents").json()) == 2


def test_a_trip_has_so_many_documents_and_no_more(haulier: httpx.Client):
    trip = a_trip(haulier)
    first = sent(haulier, f"trips/{trip}")
    for number in range(MOST_DOCUMENTS - 1):
        sent(haulier, f"trips/{trip}", PDF + bytes([number]))
    assert refused(send(haulier, f"trips/{trip}", JPEG, media_type=""), 409) == "documents_many"
    assert haulier.delete(f"/v1/documents/{first['id']}").status_code == 204
    sent(haulier, f"trips/{trip}", JPEG, media_type="")


def test_a_drafts_documents_are_its_makers_alone(api: RunningApi, haulier: httpx.Client):
    draft = a_draft(api, "viettrans")
    document = sent(haulier, f"drafts/{draft}")
    assert haulier.get(f"/v1/drafts/{draft}/documents").json() == [document]
    others = [api.person(Role.HAULIER, "other"), api.person(Role.ADMINISTRATOR)]
    for other in others:
        assert refused(other.get(f"/v1/drafts/{draft}/documents"), 404) == "no_draft"
        assert refused(send(other, f"drafts/{draft}"), 404) == "no_draft"
        assert refused(other.get(f"/v1/documents/{document['id']}"), 404) == "no_document"
        assert refused(other.delete(f"/v1/documents/{document['id']}"), 404) == "no_document"
    assert haulier.delete(f"/v1/documents/{document['id']}").status_code == 204
    assert haulier.get(f"/v1/drafts/{draft}/documents").json() == []
    assert refused(send(haulier, f"drafts/{uuid4()}"), 404) == "no_draft"


def test_a_trips_documents_open_for_its_haulier_and_for_officers_and_planners_see_none(
    api: RunningApi, haulier: httpx.Client
):
    trip = a_trip(haulier)
    document = sent(haulier, f"trips/{trip}")
    where = f"/v1/documents/{document['id']}"
    for role in (Role.OFFICER, Role.OPERATOR, Role.ADMINISTRATOR):
        client = api.person(role)
        assert client.get(where).content == PDF
        assert len(client.get(f"/v1/trips/{trip}/documents").json()) == 1
    stranger = api.person(Role.HAULIER, "other")
    assert refused(stranger.get(where), 404) == "no_document"
    assert refused(stranger.get(f"/v1/trips/{trip}/documents"), 404) == "no_trip"
    assert refused(send(stranger, f"trips/{trip}"), 404) == "no_trip"
    planner = api.person(Role.PLANNER)
    assert planner.get(where).status_code == 403
    assert planner.get(f"/v1/trips/{trip}/documents").status_code == 403
    assert acts(api, f"document:{document['id']}") == [
        ("document.add", "viettrans"),
        ("document.opened", "officer"),
        ("document.opened", "operator"),
        ("document.opened", "administrator"),
    ]


def test_what_an_agency_has_opened_stays(api: RunningApi, haulier: httpx.Client):
    document = sent(haulier, f"trips/{a_trip(haulier)}")
    where = f"/v1/documents/{document['id']}"
    assert haulier.get(where).status_code == 200, "one's own look counts not"
    officer = api.person(Role.OFFICER)
    assert refused(officer.delete(where), 409) == "document_stays"
    officer.get(where)
    assert refused(haulier.delete(where), 409) == "document_stays"
    assert api.person(Role.ADMINISTRATOR).delete(where).status_code == 204
    assert refused(haulier.get(where), 404) == "no_document"
    assert acts(api, f"document:{document['id']}")[-1] == ("document.delete", "administrator")


def test_a_document_survives_a_restart_and_opens_in_another_process_but_not_by_another_secret(
    api: RunningApi, haulier: httpx.Client
):
    trip = a_trip(haulier)
    document = sent(haulier, f"trips/{trip}", BIG)
    settings = api.app.state.settings
    cookies = dict(haulier.cookies)
    with (
        served(create_app(settings, api.clock)) as url,
        httpx.Client(base_url=url, cookies=cookies, headers={"X-Flowctl": "1"}) as second,
    ):
        assert second.get(f"/v1/documents/{document['id']}").content == BIG
        assert send(second, f"trips/{trip}", BIG).status_code == 200, "known there, too"


TAMPERED = {
    "its last part cut off": "delete from document_parts where part = 3",
    "all parts gone": "delete from document_parts",
    "two parts swapped": "update document_parts p set cipher = q.cipher from document_parts q"
    " where p.document_id = q.document_id and p.part + q.part = 1",
    "a part twice": "insert into document_parts select document_id, 4, cipher from document_parts"
    " where part = 3",
    "a part of another document": "update document_parts p set cipher = q.cipher"
    " from document_parts q, documents d where p.part = 0 and q.part = 0"
    " and p.document_id <> q.document_id and d.id = p.document_id and d.kind = 'invoice'",
    "a key of another document": "update documents d set data_key = o.data_key from documents o"
    " where d.id <> o.id and d.kind = 'invoice'",
    "one bit changed": "update document_parts set cipher = set_bit(cipher, 4000, 1"
    " - get_bit(cipher, 4000)) where part = 1",
}


@pytest.mark.parametrize("how", TAMPERED)
def test_a_document_that_was_tampered_with_in_the_database_does_not_open(
    api: RunningApi, haulier: httpx.Client, how: str
):
    trip = a_trip(haulier)
    document = sent(haulier, f"trips/{trip}", BIG)
    sent(haulier, f"trips/{trip}", BIG[:-5], kind="other")
    api.border.conn.execute(TAMPERED[how].encode())
    answer = haulier.get(f"/v1/documents/{document['id']}")
    assert refused(answer, 409) == "document_damaged"
    assert b"%PDF" not in answer.content


class Line:
    """A connection on which a request is written by hand."""

    def __init__(self, api: RunningApi, client: httpx.Client, trip: int, *heads: str) -> None:
        url = httpx.URL(api.url)
        self.socket = socket.create_connection((url.host, url.port), timeout=20)
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        lines = [
            f"POST /v1/trips/{trip}/documents?kind=invoice&name=a.pdf HTTP/1.1",
            "Host: localhost",
            f"Cookie: {cookie}",
            "X-Flowctl: 1",
            "Content-Type: application/pdf",
            *heads,
        ]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def chunk(self, data: bytes) -> None:
        self.socket.sendall(b"%x\r\n%b\r\n" % (len(data), data))

    def answer(self) -> str:
        return self.socket.recv(4096).decode()


def test_two_gigabytes_are_refused_by_their_length_before_a_byte_came(
    api: RunningApi, haulier: httpx.Client
):
    with Line(api, haulier, a_trip(haulier), "Content-Length: 2147483648") as line:
        answer = line.answer()
    assert answer.startswith("HTTP/1.1 413")
    assert "connection: close" in answer
    assert "10 MB" in answer


def test_a_body_that_goes_on_is_refused_once_it_passed_ten_megabytes_and_memory_stays_flat(
    api: RunningApi, haulier: httpx.Client
):
    tracemalloc.start()
    try:
        with Line(api, haulier, a_trip(haulier), "Transfer-Encoding: chunked") as line:
            line.chunk(PDF)
            said: list[str] = []
            reader = threading.Thread(target=lambda: said.append(line.answer()))
            reader.start()
            came, piece = 0, bytes(500_000)
            while not said and came < 80_000_000:
                line.chunk(piece)
                came += len(piece)
            reader.join(20)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said[0].startswith("HTTP/1.1 413")
    assert came > LARGEST_BYTES
    assert peak < 3 * LARGEST_BYTES, f"{peak / 1e6:.0f} MB"


def test_the_largest_document_is_taken(haulier: httpx.Client):
    content = PDF + bytes(LARGEST_BYTES - len(PDF))
    document = sent(haulier, f"trips/{a_trip(haulier)}", content)
    assert haulier.get(f"/v1/documents/{document['id']}").content == content


def test_a_document_that_breaks_off_leaves_nothing(api: RunningApi, haulier: httpx.Client):
    trip = a_trip(haulier)
    with Line(api, haulier, trip, "Content-Length: 5000") as line:
        line.socket.sendall(PDF)
    time.sleep(0.2)
    assert haulier.get(f"/v1/trips/{trip}/documents").json() == []
    sent(haulier, f"trips/{trip}")


@pytest.fixture
def hurried(api: RunningApi) -> Iterator[None]:
    api.app.state.uploads = Uploads(UploadParams(at_once=2, of_one=1, within_s=2.0))
    yield
    api.app.state.uploads = Uploads()


@pytest.mark.usefixtures("hurried")
def test_a_document_that_trickles_in_is_given_up_and_holds_up_nobody_else(
    api: RunningApi, haulier: httpx.Client
):
    trip, operator = a_trip(haulier), api.person(Role.OPERATOR)
    with Line(api, haulier, trip, "Content-Length: 5000") as line:
        line.socket.sendall(PDF)
        # One that comes before the server knows of the first is taken.
        others = (send(haulier, f"trips/{trip}", JPEG, media_type="") for _ in range(50))
        busy = next(one for one in others if not one.is_success)
        assert refused(busy, 503) == "documents_busy"
        assert busy.headers["retry-after"] == "2"
        assert send(operator, f"trips/{trip}", PNG, media_type="").status_code == 201
        assert line.answer().startswith("HTTP/1.1 408")
    sent(haulier, f"trips/{trip}")


def test_the_key_of_a_document_opens_only_with_the_secret_it_was_made_under(
    haulier: httpx.Client, database: str
):
    document = UUID(sent(haulier, f"trips/{a_trip(haulier)}")["id"])
    with psycopg.connect(database) as conn:
        [(key,)] = conn.execute("select data_key from documents").fetchall()
        parts = list_parts(conn, document)
    assert open_parts(KEYS, document, key, parts) == PDF
    others = derive_keys(SecretStr("another secret, of forty letters or more"))
    with pytest.raises(FlowctlError, match="FLOWCTL_SECRET"):
        open_parts(others, document, key, parts)
