"""Messages to a gateway that takes an HTTP request each, by a template (Kannel, eSMS, others).

The template's pieces are filled before they are put together, each escaped as its place asks: in
the address, in a form, in JSON. A text can therefore change nothing but itself.
"""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from flowctl.notify.callbacks import AnswerRule, ReceiptRule
from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    GatewayError,
    Message,
    MessageRefused,
    MessageUnsure,
    Tariff,
)
from flowctl.notify.segments import alphabet_of
from flowctl.storage.receipts import stored_ref

PLACEHOLDERS = frozenset(
    {
        "phone",
        "phone_digits",
        "phone_local",
        "message",
        "request_id",
        "alphabet",
        "is_unicode",
        "kannel_coding",
        "valid_minutes",
        "receipt_url",
    }
)
"""What a template may name, beside its gateway's secrets."""
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_TOO_MUCH = frozenset({429, 503})
_SHOWN = 120
_LONG_NUMBER = re.compile(r"\+?\d{7,}")

Json = str | int | float | bool | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True)
class HttpParams:
    """How long one waits (s): to connect, for the answer, and where a busy gateway says nothing."""

    connect_s: float = 5.0
    answer_s: float = 15.0
    busy_s: float = 2.0
    longest_busy_s: float = 300.0
    valid_minutes: int = 1440
    """Of a message that does not expire."""


@dataclass(frozen=True, slots=True)
class Template:
    """A request; ``body`` is sent as ``encoding`` says, or not at all."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Json]
    encoding: Literal["form", "json"] | None
    request_id: str = "{id}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an answer is read.

    The code is what ``code_json`` (names with dots between) or ``code_regex`` (its first group)
    finds; where neither is given the HTTP status alone decides. A reference is found likewise; a
    gateway that gives none knows the message by our request id.
    """

    status: frozenset[int] = frozenset({200, 201, 202})
    refused_status: frozenset[int] = frozenset()
    code_json: str | None = None
    code_regex: re.Pattern[str] | None = None
    taken: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()
    reference_json: str | None = None
    reference_regex: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class HttpAccount:
    """What the site has agreed with a provider."""

    name: str
    template: Template
    verdict: Verdict
    rate_per_s: float
    window: int
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    tariff: Tariff | None = None
    receipt: ReceiptRule | None = None
    answer: AnswerRule | None = None
    callback_url: str | None = None
    """Where the gateway reaches us; without one, at the site's public address."""


@dataclass(slots=True)
class HttpGateway:
    """Sends one request a message; ``receipt_url`` is where its receipts are awaited."""

    account: HttpAccount
    receipt_url: str
    params: HttpParams = HttpParams()
    _client: httpx.AsyncClient | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        """Return what the site calls it."""
        return self.account.name

    @property
    def rate_per_s(self) -> float:
        """Return how many parts a second it may be given at most."""
        return self.account.rate_per_s

    @property
    def window(self) -> int:
        """Return how many messages may be on their way to it at once."""
        return self.account.window

    @property
    def tariff(self) -> Tariff | None:
        """Return what it takes for its service."""
        return self.account.tariff

    @property
    def trouble(self) -> str | None:
        """Return nothing: there is a connection for each message alone."""
        return None

    async def send(self, message: Message) -> tuple[str, ...]:
        """Hand a message over; returns its reference.

        Raises
        ------
        GatewayAway, GatewayBusy, MessageRefused, MessageUnsure
            What became of it instead.
        """
        request = self._request(message)
        try:
            async with asyncio.timeout(self.params.connect_s + self.params.answer_s):
                response = await self._open().send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise GatewayAway(
                f"{self.name}: no connection to {request.url.host}: {error or 'no answer'}."
            ) from error
        except (httpx.TransportError, TimeoutError) as error:
            raise MessageUnsure(
                f"{self.name} did not say whether it took the message:"
                f" {error or type(error).__name__}."
            ) from error
        return self._read(response, self._request_id(message))

    async def run(self) -> None:
        """Keep nothing but the client, until cancelled."""
        try:
            await asyncio.Event().wait()
        finally:
            if self._client is not None:
                await self._client.aclose()

    def _open(self) -> httpx.AsyncClient:
        if self._client is None:
            wait = httpx.Timeout(self.params.answer_s, connect=self.params.connect_s)
            limits = httpx.Limits(max_connections=self.account.window, keepalive_expiry=5.0)
            self._client = httpx.AsyncClient(timeout=wait, limits=limits, trust_env=False)
        return self._client

    def _request_id(self, message: Message) -> str:
        return self.account.template.request_id.replace("{id}", str(message.id))

    def _request(self, message: Message) -> httpx.Request:
        template = self.account.template
        values = self._values(message)
        given = {name: _fill(value, values) for name, value in template.query.items()}
        headers = {
            name: _one_line(_fill(value, values)) for name, value in template.headers.items()
        }
        url = httpx.URL(_fill(template.url, {key: quote(v, safe="") for key, v in values.items()}))
        if given:
            url = url.copy_merge_params(given)
        body = {name: _fill_json(value, values) for name, value in template.body.items()}
        # Built by hand: at other names httpx would merge lists, or leave None out.
        if template.encoding == "json":
            headers.setdefault("Content-Type", "application/json")
            content = json.dumps(body, ensure_ascii=False).encode()
            return httpx.Request(template.method, url, headers=headers, content=content)
        form = {name: str(value) for name, value in body.items()}
        return httpx.Request(template.method, url, headers=headers, data=form or None)

    def _values(self, message: Message) -> dict[str, str]:
        digits = message.to.removeprefix("+")
        wide = alphabet_of(message.text) == "ucs2"
        minutes = self.params.valid_minutes
        if message.expires_at is not None:
            minutes = max(1, int((message.expires_at - message.at).total_seconds() // 60))
        return {
            "phone": message.to,
            "phone_digits": digits,
            "phone_local": f"0{digits[2:]}" if digits.startswith("84") else digits,
            "message": message.text,
            "request_id": self._request_id(message),
            "alphabet": "ucs2" if wide else "gsm7",
            "is_unicode": "1" if wide else "0",
            "kannel_coding": "2" if wide else "0",
            "valid_minutes": str(minutes),
            "receipt_url": self.receipt_url,
            **{name: one.get_secret_value() for name, one in self.account.secrets.items()},
        }

    def _read(self, response: httpx.Response, request_id: str) -> tuple[str, ...]:
        verdict = self.account.verdict
        trouble = self._trouble_of_status(response)
        if trouble is not None:
            raise trouble
        code = _find(response, verdict.code_json, verdict.code_regex)
        if verdict.code_json is not None or verdict.code_regex is not None:
            if code is None:
                raise MessageUnsure(
                    f"{self.name} answered {response.status_code} without the code that says what"
                    f" became of the message: {_shown(response)}"
                )
            if code not in verdict.taken:
                raise self._refusal(code, response)
        found = _find(response, verdict.reference_json, verdict.reference_regex)
        return (stored_ref(found or request_id),)

    def _refusal(self, code: str, response: httpx.Response) -> GatewayError:
        sentence = f"{self.name} did not take the message, code {code}: {_shown(response)}"
        if code in self.account.verdict.refused:
            return MessageRefused(sentence)
        if code in self.account.verdict.busy:
            return GatewayBusy(sentence, self.params.busy_s)
        return GatewayAway(sentence)

    def _trouble_of_status(self, response: httpx.Response) -> GatewayError | None:
        status, verdict = response.status_code, self.account.verdict
        if status in verdict.status:
            return None
        sentence = f"{self.name} answered {status}: {_shown(response)}"
        if status in verdict.refused_status:
            return MessageRefused(sentence)
        if status in _TOO_MUCH:
            return GatewayBusy(sentence, self._retry_after_s(response))
        # What stands before the gateway may have passed the request on before it gave up.
        unsure = status >= 500 or status == 408 or 200 <= status < 300  # noqa: PLR2004
        return MessageUnsure(sentence) if unsure else GatewayAway(sentence)

    def _retry_after_s(self, response: httpx.Response) -> float:
        """Return how long to wait: seconds or a date (RFC 9110, section 10.2.3)."""
        said = response.headers.get("retry-after", "")
        wait = self.params.busy_s
        if said.isdigit():
            wait = float(said)
        elif said:
            try:
                until = parsedate_to_datetime(said)
                since = parsedate_to_datetime(response.headers["date"])
                wait = (until - since).total_seconds()
            except (ValueError, KeyError, TypeError):
                pass
        return min(max(wait, self.params.busy_s), self.params.longest_busy_s)


def _fill(template: str, values: Mapping[str, str]) -> str:
    """Fill in once: what stands in braces within a text is not filled again."""
    return PLACEHOLDER.sub(lambda found: values[found[1]], template)


def _fill_json(template: Json, values: Mapping[str, str]) -> Json:
    if isinstance(template, str):
        return _fill(template, values)
    if isinstance(template, list):
        return [_fill_json(one, values) for one in template]
    if isinstance(template, dict):
        return {name: _fill_json(one, values) for name, one in template.items()}
    return template


def _one_line(value: str) -> str:
    return " ".join(value.split())


def _find(response: httpx.Response, path: str | None, regex: re.Pattern[str] | None) -> str | None:
    if regex is not None:
        match = regex.search(response.text)
        return match[1] if match else None
    if path is None:
        return None
    try:
        value = response.json()
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (ValueError, KeyError, IndexError, TypeError):
        return None
    return str(value) if isinstance(value, str | int) and value != "" else None


def _shown(response: httpx.Response) -> str:
    """Return the beginning of an answer, for people and without a number it may repeat."""
    said = _LONG_NUMBER.sub("…", " ".join(response.text.split()))
    return said[:_SHOWN] or "an empty answer"
