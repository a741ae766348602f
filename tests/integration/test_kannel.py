"""Messages out by a real Kannel, and receipts and answers back by it."""

import asyncio
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote_to_bytes, urlsplit

import pytest
from api_server import SetClock, served
from border import KEYS, SECRET, Border, border
from kannel import PASSWORD, Kannel, running_kannel
from smsc import message, run

from api.app import create_app
from flowctl.notify.gateway_file import callback_url, read_gateways
from flowctl.notify.gateways import GatewayAway, Message
from flowctl.notify.http import HttpAccount, HttpGateway
from flowctl.registry.keys import decrypt_answer, gateway_token
from flowctl.settings import Settings

FILE = Path(__file__).parents[2] / "deploy" / "gateways" / "kannel.toml"
LONG = "Cửa khẩu Hữu Nghị 友谊关 [09:00] 🚚 " * 6


@dataclass
class Scene:
    """A Kannel between flowctl and some phones."""

    kannel: Kannel
    gateway: HttpGateway
    place: Border

    def rows(self, question: str) -> list[tuple[object, ...]]:
        return self.place.conn.execute(question.encode()).fetchall()

    def send(self, *messages: Message) -> list[tuple[str, ...]]:
        async def sending() -> None:
            running = asyncio.create_task(self.gateway.run())
            found.extend([await self.gateway.send(one) for one in messages])
            running.cancel()
            await asyncio.wait([running])
            self.gateway = HttpGateway(self.gateway.account, self.gateway.receipt_url)

        found: list[tuple[str, ...]] = []
        run(sending())
        return found


@pytest.fixture(scope="module")
def scene(
    prepared: str, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    home = tmp_path_factory.mktemp("kannel")
    settings = Settings(
        database_url=prepared, valkey_url=valkey_url, secret=SECRET, gateways_file=FILE
    )
    with border(prepared) as place, served(create_app(settings, SetClock())) as url:
        token = gateway_token(KEYS, "kannel")
        port = urlsplit(url).port
        assert port is not None
        with running_kannel(home, api_port=port, token=token) as kannel:
            [account] = read_gateways(FILE, {"KANNEL_PASSWORD": PASSWORD})
            assert isinstance(account, HttpAccount)
            here = f"127.0.0.1:{kannel.sendsms_port}"
            url_there = account.template.url.replace("kannel:13013", here)
            template = replace(account.template, url=url_there)
            account = replace(account, template=template, callback_url=url)
            gateway = HttpGateway(account, callback_url(account, KEYS, "", "receipt"))
            yield Scene(kannel, gateway, place)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_texts_in_both_alphabets_arrive_and_their_receipts_come_back(scene: Scene):
    with scene.kannel.phones() as log:
        sent = scene.send(message(id=71, text="Xe [1] di ngay"), message(id=72, text=LONG))
        assert sent == [("71",), ("72",)]
        arrived = "select count(*) from sms_receipts where state = 'DELIVRD'"
        until(lambda: scene.rows(arrived) == [(2,)])
        seen = log.read_text(errors="replace")
    assert scene.rows("select ref from sms_receipts order by ref") == [("71",), ("72",)]
    assert "text Xe [1] di ngay" in seen
    parts = re.findall(r"\+84903123456 udh (\S+) data (.*)>", seen)
    assert [header[-3:] for header, _ in parts] == ["%01", "%02", "%03"]
    octets = b"".join(unquote_to_bytes(data.replace("+", " ")) for _, data in parts)
    assert octets.decode("utf-16-be") == LONG


def test_what_phones_write_comes_in_and_acts(scene: Scene):
    trips = [scene.place.trip(phone=f"+8490300000{n}") for n in (1, 2)]
    with scene.kannel.phones("+84903000001 8888 ucs2 %00m%00u%1e%d9%00n%00+%003%000"):
        until(lambda: scene.rows("select count(*) from sms_answers") == [(1,)])
    with scene.kannel.phones("84903000002 8888 text 1"):
        until(lambda: scene.rows("select count(*) from sms_answers") == [(2,)])
    found = scene.rows("select cipher, trip_id, wish, gateway from sms_answers order by id")
    texts = [decrypt_answer(KEYS, cipher) for cipher, *_ in found if isinstance(cipher, bytes)]
    assert texts == ["muộn 30", "1"]
    assert [trip for _, trip, _, _ in found] == trips
    assert {gateway for *_, gateway in found} == {"kannel"}


def test_what_could_not_be_kept_comes_again_until_it_is(scene: Scene):
    count = "select count(*) from sms_answers where gateway = 'kannel'"
    [(before,)] = scene.rows(count)
    scene.place.conn.execute("alter table sms_answers rename to away")
    with scene.kannel.phones("+84903999999 8888 text ?"):
        time.sleep(0.5)
        scene.place.conn.execute("alter table away rename to sms_answers")
        assert scene.rows(count) == [(before,)]
        until(lambda: scene.rows(count) != [(before,)])


def test_a_wrong_password_is_said(scene: Scene):
    secrets = {"password": type(SECRET)("wrong")}
    scene.gateway = HttpGateway(replace(scene.gateway.account, secrets=secrets), "")
    with pytest.raises(GatewayAway, match="403: Authorization failed"):
        scene.send(message())
