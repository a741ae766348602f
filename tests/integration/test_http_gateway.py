"""The HTTP gateway against a server over TCP, well and badly behaved."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import SecretStr
from smsc import message, run

from flowctl.notify.gateway_file import read_gateways
from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    GatewayError,
    MessageRefused,
    MessageUnsure,
)
from flowctl.notify.http import HttpAccount, HttpGateway, HttpParams, Json

EXAMPLES = Path(__file__).parents[2] / "deploy" / "gateways"
SECRETS = {
    "KANNEL_PASSWORD": "k&y",
    "ESMS_API_KEY": "a",
    "ESMS_SECRET_KEY": "b",
}
NASTY = 'Xe "29C" & <b>?#%41\n{phone} Cửa khẩu 友谊关 🚚'


@dataclass
class Provider:
    """Answers each request with the same octets; None hangs up without a word."""

    answer: bytes | None
    delay_s: float = 0.0
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.add(asyncio.create_task(self.serve(reader, writer)))

    async def end(self) -> None:
        for task in self.serving:
            task.cancel()
        await asyncio.wait(self.serving or {asyncio.create_task(asyncio.sleep(0))})

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            self.heads.append(head)
            self.bodies.append(await reader.readexactly(int(length[1])) if length else b"")
            await asyncio.sleep(self.delay_s)
            if self.answer is not None:
                writer.write(self.answer)
        finally:
            writer.close()

    def query(self) -> dict[str, str]:
        target = self.heads[-1].split()[1].decode()
        return {name: value for name, [value] in parse_qs(urlsplit(target).query).items()}


def answer(status: int, body: str, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body.encode())}", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


@asynccontextmanager
async def gateway_to(provider: Provider, example: str = "kannel") -> AsyncIterator[HttpGateway]:
    [account] = read_gateways(EXAMPLES / f"{example}.toml", SECRETS)
    assert isinstance(account, HttpAccount)
    server = await asyncio.start_server(provider.begin, "127.0.0.1", 0)
    provider.port = server.sockets[0].getsockname()[1]
    url = re.sub(r"https?://[^/]+", f"http://127.0.0.1:{provider.port}", account.template.url)
    account = replace(account, template=replace(account.template, url=url))
    gateway = HttpGateway(account, "http://us/receipt", HttpParams(connect_s=0.2, answer_s=0.2))
    running = asyncio.create_task(gateway.run())
    await asyncio.sleep(0)
    try:
        yield gateway
    finally:
        running.cancel()
        await asyncio.wait([running])
        server.close()
        await provider.end()


def test_kannel_is_asked_with_everything_escaped_and_knows_the_message_by_our_id():
    async def scene() -> None:
        provider = Provider(answer(202, "0: Accepted for delivery"))
        async with gateway_to(provider) as gateway:
            one = message(text=NASTY)
            one = replace(one, expires_at=one.at + timedelta(minutes=90, seconds=59))
            assert await gateway.send(one) == ("7",)
        assert provider.query() == {
            "username": "flowctl",
            "password": "k&y",
            "from": "8888",
            "to": "+84903123456",
            "text": NASTY,
            "charset": "UTF-8",
            "coding": "2",
            "validity": "90",
            "dlr-mask": "19",
            "dlr-url": "http://us/receipt?ref=7&type=%d&error=%A",
        }

    run(scene())


def test_esms_is_asked_in_json_and_a_repeated_request_counts_as_taken():
    async def scene() -> None:
        for code in ("100", "124"):
            provider = Provider(answer(200, json.dumps({"CodeResult": code, "SMSID": "x"})))
            async with gateway_to(provider, "esms") as gateway:
                assert await gateway.send(message(text=NASTY)) == ("flowctl-7",)
            sent = json.loads(provider.bodies[0])
            assert (sent["Content"], sent["Phone"]) == (NASTY, "0903123456")
            assert (sent["IsUnicode"], sent["RequestId"], sent["SmsType"]) == (
                "1",
                "flowctl-7",
                "2",
            )

    run(scene())


def test_a_form_is_escaped_and_a_reference_found_by_path_or_by_expression():
    async def scene() -> None:
        provider = Provider(answer(200, '{"data": [{"id": 31}]}'))
        async with gateway_to(provider) as gateway:
            account = gateway.account
            body: dict[str, Json] = {"t": "{message}", "n": 1}
            template = replace(
                account.template, method="POST", query={}, body=body, encoding="form"
            )
            ok = replace(account.verdict, status=frozenset({200}), code_regex=None)
            by_path = replace(ok, reference_json="data.0.id")
            by_word = replace(ok, reference_regex=re.compile(r'"id": (\d)'))
            gateway.account = replace(account, template=template, verdict=by_path)
            assert await gateway.send(message(text=NASTY)) == ("31",)
            gateway.account = replace(account, template=template, verdict=by_word)
            assert await gateway.send(message(text=NASTY)) == ("3",)
        assert parse_qs(provider.bodies[0].decode()) == {"t": [NASTY], "n": ["1"]}

    run(scene())


@pytest.mark.parametrize(
    ("example", "said", "error"),
    [
        ("kannel", answer(403, "Authorization failed for sendsms"), GatewayAway),
        ("kannel", answer(404, ""), GatewayAway),
        ("kannel", answer(503, "Temporal failure, try again later."), GatewayBusy),
        ("kannel", answer(429, ""), GatewayBusy),
        ("kannel", answer(502, "bad gateway"), MessageUnsure),
        ("kannel", answer(202, "9: What?"), GatewayAway),
        ("kannel", answer(202, "<html>hello"), MessageUnsure),
        ("kannel", b"no HTTP at all\r\n\r\n", MessageUnsure),
        ("kannel", None, MessageUnsure),
        ("esms", answer(200, '{"CodeResult": "99"}'), MessageRefused),
        ("esms", answer(200, '{"CodeResult": "103"}'), GatewayAway),
        ("esms", answer(200, "[]"), MessageUnsure),
    ],
)
def test_each_answer_says_what_becomes_of_the_message(
    example: str, said: bytes | None, error: type[GatewayError]
):
    async def scene() -> None:
        async with gateway_to(Provider(said), example) as gateway:
            with pytest.raises(error, match=example):
                await gateway.send(message())

    run(scene())


def test_a_busy_gateway_says_how_long_in_seconds_or_by_a_date_and_is_not_believed_beyond_reason():
    async def scene() -> None:
        date = "Date: Sun, 01 Mar 2026 00:00:00 GMT"
        for header, wait in (
            ("Retry-After: 7", 7.0),
            ("Retry-After: Sun, 01 Mar 2026 00:00:30 GMT", 30.0),
            ("Retry-After: soon", 2.0),
            ("Retry-After: 99999999", 300.0),
        ):
            async with gateway_to(Provider(answer(503, "", header, date))) as gateway:
                with pytest.raises(GatewayBusy) as caught:
                    await gateway.send(message())
                assert caught.value.retry_after_s == wait

    run(scene())


def test_silence_leaves_it_unsure_and_nobody_there_leaves_it_free():
    async def scene() -> None:
        async with gateway_to(Provider(b"", delay_s=2)) as gateway:
            with pytest.raises(MessageUnsure):
                await gateway.send(message())
        nobody = HttpGateway(gateway.account, "")
        with pytest.raises(GatewayAway, match="no connection"):
            await nobody.send(message())

    run(scene())


def test_what_a_provider_answers_is_shown_without_the_number_or_a_secret():
    async def scene() -> None:
        said = answer(403, "unknown +84903123456 or 0903123456")
        async with gateway_to(Provider(said)) as gateway:
            with pytest.raises(GatewayAway) as caught:
                await gateway.send(message())
            assert "903123456" not in str(caught.value)
            assert "k&y" not in repr(gateway)
            assert gateway.account.secrets["password"] == SecretStr("k&y")

    run(scene())
