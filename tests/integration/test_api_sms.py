"""What message gateways call the API with."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from api_server import SetClock, served
from border import KEYS, SECRET, Border, border

from api.app import create_app
from flowctl.errors import FlowctlError
from flowctl.registry.keys import decrypt_answer, gateway_token
from flowctl.settings import Settings

EXAMPLES = Path(__file__).parents[2] / "deploy" / "gateways"
PHONE = "+84903000001"
KANNEL = f"/v1/sms/{gateway_token(KEYS, 'kannel')}"
ESMS = f"/v1/sms/{gateway_token(KEYS, 'esms')}"


@pytest.fixture
def place(database: str) -> Iterator[Border]:
    with border(database) as found:
        yield found


@pytest.fixture
def client(place: Border, database: str, valkey: str, tmp_path: Path) -> Iterator[httpx.Client]:
    file = tmp_path / "gateways.toml"
    texts = [(EXAMPLES / f"{name}.toml").read_text() for name in ("kannel", "esms", "smpp")]
    file.write_text("\n".join(texts))
    settings = Settings(database_url=database, valkey_url=valkey, secret=SECRET, gateways_file=file)
    place.trip(phone=PHONE)
    with (
        served(create_app(settings, SetClock())) as url,
        httpx.Client(base_url=url, timeout=20) as made,
    ):
        yield made


def rows(place: Border, question: str) -> list[tuple[Any, ...]]:
    return place.conn.execute(question.encode()).fetchall()


def said(place: Border) -> list[str]:
    ciphers = rows(place, "select cipher from sms_answers order by id")
    return [decrypt_answer(KEYS, cipher) for (cipher,) in ciphers]


def test_answers_come_by_address_form_or_json_in_their_charset_and_act_once(
    client: httpx.Client, place: Border
):
    words = "muộn 30"
    wide = quote(words.encode("utf-16-be"))
    asked = f"{KANNEL}/answer?phone=%2B{PHONE[1:]}&id=a&text={quote(words)}&charset=UTF-8"
    for path in (
        asked,
        asked,
        f"{KANNEL}/answer?phone={PHONE[1:]}&id=b&text={wide}&charset=UTF-16BE",
        f"{KANNEL}/answer?phone={PHONE[1:]}&id=c&text={wide}&coding=2",
        f"{KANNEL}/answer?phone={PHONE[1:]}&id=d&text=tr%E9&charset=ISO-8859-1",
        f"{KANNEL}/answer?phone={PHONE[1:]}&id=e&text=%FF%00&charset=no-such",
    ):
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, b"")
    given = {"phone": PHONE, "text": "x" * 5000, "id": "f"}
    assert client.post(f"{KANNEL}/answer", data=given).status_code == 200
    assert (
        client.post(f"{KANNEL}/answer", json={**given, "id": "g", "text": "🚚"}).status_code == 200
    )
    half = f'{{"phone": "{PHONE}", "id": "h\\ud800", "text": "x\\ud83d"}}'
    as_json = {"content-type": "application/json"}
    assert client.post(f"{KANNEL}/answer", content=half, headers=as_json).status_code == 200
    assert said(place) == [words, words, words, "tré", "\ufffd\0", "x" * 500, "🚚", "x?"]
    assert rows(place, "select distinct gateway, trip_id is null from sms_answers") == [
        ("kannel", False)
    ]


def test_receipts_are_read_as_the_file_says(client: httpx.Client, place: Border):
    for ref, kind, error in (
        ("1", "8", ""),
        ("2", "1", ""),
        ("3", "16", "no route"),
        ("3", "1", ""),
    ):
        path = f"{KANNEL}/receipt?ref={ref}&type={kind}&error={error}"
        assert client.get(path).status_code == 200
    for sent, success, failed in (("5", "1", "0"), ("5", "0", "1"), ("7", "0", "0")):
        path = f"{ESMS}/receipt?SMSID=x&RequestId=flowctl-{sent}{success}"
        path += f"&SendStatus={sent}&SendSuccess={success}&SendFailed={failed}"
        assert client.get(path).status_code == 200
    assert rows(place, "select gateway, ref, state, error from sms_receipts order by 1, 2") == [
        ("esms", "flowctl-50", "UNDELIV", "5"),
        ("esms", "flowctl-51", "DELIVRD", None),
        ("kannel", "2", "DELIVRD", None),
        ("kannel", "3", "DELIVRD", None),
    ]


def test_a_wrong_token_or_one_of_a_gateway_that_does_not_call_finds_nothing(
    client: httpx.Client, place: Border
):
    smpp = f"/v1/sms/{gateway_token(KEYS, 'viettel')}"
    nothing = [
        client.get(f"{KANNEL[:-1]}x/answer?phone=1&text=1"),
        client.get("/v1/sms/%F0%9F%9A%9A/answer"),
        client.get(f"{smpp}/receipt?ref=1&type=1"),
        client.get(f"{ESMS}/answer?phone={PHONE[1:]}&text=1"),  # says nothing of answers
    ]
    assert {one.status_code for one in nothing} == {404}
    assert len({one.json()["detail"] for one in nothing}) == 1
    assert client.request("HEAD", f"{KANNEL}/answer?phone={PHONE[1:]}&text=1").status_code == 405
    assert rows(place, "select count(*) from sms_answers") == [(0,)]


def test_calls_that_lack_something_or_hold_too_much_are_refused_in_a_sentence(
    client: httpx.Client,
):
    as_json = {"content-type": "application/json"}
    for answer, words in (
        (client.get(f"{KANNEL}/answer?text=1"), 'no field "phone"'),
        (client.get(f"{KANNEL}/receipt?type=1"), 'no field "ref"'),
        (client.get(f"{KANNEL}/answer?" + "a=1&" * 80), "at most 60 fields"),
        (client.post(f"{KANNEL}/answer", content=b"{", headers=as_json), "no JSON"),
        (client.post(f"{KANNEL}/answer", json=[1]), "one JSON object"),
        (client.post(f"{KANNEL}/answer", content=b"[" * 9000, headers=as_json), "too deeply"),
    ):
        assert answer.status_code == 400
        assert words in answer.json()["detail"]


def test_an_unfit_file_of_gateways_keeps_the_api_from_starting(tmp_path: Path):
    file = tmp_path / "gateways.toml"
    file.write_text("[[gateway]]\nname = 'x'\nkind = 'fax'")
    with pytest.raises(FlowctlError, match="no known kind of gateway"):
        create_app(Settings(secret=SECRET, gateways_file=file), SetClock())
