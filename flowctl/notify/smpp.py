"""Messages to an operator or SMSC by SMPP 3.4, and receipts and answers back."""

import asyncio
import random
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from flowctl.notify.gateways import (
    GatewayAway,
    GatewayBusy,
    Heard,
    HeardPart,
    Inbound,
    Message,
    MessageRefused,
    MessageUnsure,
    Receipt,
    Tariff,
    international,
)
from flowctl.notify.segments import alphabet_of, split
from flowctl.notify.smpp_pdu import (
    OK,
    SUBMIT_SM,
    Address,
    Bind,
    Delivered,
    Submit,
    encode_text,
    read_reference,
)
from flowctl.notify.smpp_session import (
    Answer,
    BindRefusedError,
    Link,
    Session,
    SessionLostError,
    meaning,
    open_session,
)
from flowctl.storage.receipts import stored_ref

_log = structlog.get_logger()

_THROTTLED = frozenset({0x14, 0x58})
_REFUSED = frozenset({0x01, 0x0B, 0x50, 0x51, 0x62})
"""Lengths, destinations and expiries that are wrong stay wrong (5.1.3)."""
_HALF_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class SmppParams:
    """How a gateway is spoken to beyond the specification.

    ``first_wait_s`` doubles up to ``longest_wait_s`` between tries to connect; after a refused bind
    the waits begin at ``refused_wait_s``, for operators lock who knocks too often.
    """

    throttled_s: float = 1.0
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    refused_wait_s: float = 10.0
    insisting: int = 5
    """Tries for a further part of a text where the SMSC is asked too much of."""
    silent_most: int = 5
    """So many responses may stay out one after another before the connection is given up."""


@dataclass(frozen=True, slots=True)
class SmppAccount:
    """What an operator has agreed with the site."""

    name: str
    link: Link
    bind: Bind
    source: Address
    rate_per_s: float
    window: int
    tariff: Tariff | None = None
    refused_codes: frozenset[int] = frozenset()
    """Codes of this operator that mean: never."""
    hex_ids: bool = False
    """It names messages in hexadecimal at the submit and in decimal in receipts."""
    deduplicates: bool = False
    """It takes a message of one user_message_reference to one number once."""


@dataclass(slots=True)
class SmppGateway:
    """A transceiver's connection, kept by `run`, by which `send` hands messages over."""

    account: SmppAccount
    inbound: Inbound
    params: SmppParams = SmppParams()
    trouble: str | None = field(default=None, init=False)
    """Why there is no connection, None where there is one."""
    _session: Session | None = field(default=None, init=False)
    _tried: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _half: OrderedDict[int, dict[int, str]] = field(default_factory=OrderedDict, init=False)
    _silent: int = field(default=0, init=False)

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

    async def send(self, message: Message) -> tuple[str, ...]:
        """Hand a message over, part by part; returns the SMSC's name of each.

        Parts that were taken at an earlier try, in this process, are not given again.

        Raises
        ------
        GatewayAway, GatewayBusy, MessageRefused, MessageUnsure
            What became of it instead.
        """
        parts = split(message.text)
        taken = self._half.setdefault(message.id, {})
        while len(self._half) > _HALF_KEPT:
            self._half.popitem(last=False)
        for number, text in enumerate(parts):
            if number not in taken:
                submit = self._submit_of(message, number, text, len(parts))
                await self._insist(submit, taken, number)
        self._half.pop(message.id, None)
        return tuple(taken[number] for number in range(len(parts)) if taken[number])

    async def _insist(self, submit: Submit, taken: dict[int, str], number: int) -> None:
        """Submit a part; once the first is taken, the others can go nowhere else."""
        for left in reversed(range(self.params.insisting)):
            try:
                await self._submit(submit, taken, number)
            except GatewayBusy as busy:
                if not taken:
                    raise
                if left == 0:
                    raise MessageUnsure(f"A part is there already; {busy}") from busy
                await asyncio.sleep(busy.retry_after_s)
            except GatewayAway as away:
                if not taken:
                    raise
                raise MessageUnsure(f"A part is there already; {away}") from away
            else:
                return

    async def _submit(self, submit: Submit, taken: dict[int, str], number: int) -> None:
        session = await self._bound()
        try:
            coming = session.ask(SUBMIT_SM, submit.body())
        except SessionLostError as error:
            raise GatewayAway(f"{self.name}: {error}.") from error
        # A response that comes too late still says that the part need not be given again.
        coming.add_done_callback(lambda done: self._note(taken, number, done))
        try:
            answer = await asyncio.wait_for(asyncio.shield(coming), self.account.link.response_s)
        except TimeoutError as error:
            self._count_silence(session)
            raise MessageUnsure(
                f"{self.name} did not say within {self.account.link.response_s:g} s whether it"
                " took the message."
            ) from error
        except SessionLostError as error:
            raise MessageUnsure(
                f"{self.name}: {error} before it said whether it took the message."
            ) from error
        self._silent = 0
        if answer.status != OK:
            raise self._refusal(answer.status)

    def _note(self, taken: dict[int, str], number: int, done: asyncio.Future[Answer]) -> None:
        if not done.cancelled() and done.exception() is None and done.result().status == OK:
            reference = read_reference(done.result().body)
            if self.account.hex_ids:
                with suppress(ValueError):
                    reference = str(int(reference, 16))
            taken[number] = stored_ref(reference)

    def _count_silence(self, session: Session) -> None:
        """Give up a connection on which nothing is answered any more, alive as it may look."""
        self._silent += 1
        if self._silent >= self.params.silent_most:
            self._silent = 0
            session.reader.set_exception(ConnectionError("submits stay without an answer"))

    def _submit_of(self, message: Message, number: int, text: str, total: int) -> Submit:
        account = self.account
        coding, octets = encode_text(text, alphabet_of(message.text), latin1=account.link.latin1)
        header = bytes([5, 0, 3, message.id & 0xFF, total, number + 1]) if total > 1 else b""
        left = None if message.expires_at is None else message.expires_at - message.at
        return Submit(
            source=account.source,
            destination=Address(message.to.removeprefix("+")),
            data_coding=coding,
            text=octets,
            header=header,
            validity_s=None if left is None else int(left.total_seconds()),
            reference=message.id if account.deduplicates else None,
        )

    def _refusal(self, status: int) -> GatewayAway | GatewayBusy | MessageRefused:
        sentence = f"{self.name} did not take the message: {meaning(status)}."
        if status in _THROTTLED:
            return GatewayBusy(sentence, self.params.throttled_s)
        if status in _REFUSED | self.account.refused_codes:
            return MessageRefused(sentence)
        return GatewayAway(sentence)

    async def _bound(self) -> Session:
        """Return the session; a process that has just begun waits for its first try to connect."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._tried.wait(), 2 * self.account.link.connect_s)
        if self._session is None or self._session.over is not None:
            raise GatewayAway(f"{self.name}: {self.trouble or 'its connection is not kept'}.")
        return self._session

    async def run(self) -> None:
        """Connect, and connect anew with growing waits, until cancelled."""
        wait_s = 0.0
        while True:
            try:
                self._session = await open_session(self.account.link, self.account.bind, self._take)
            except BindRefusedError as error:
                self._say(str(error))
                wait_s = max(wait_s, self.params.refused_wait_s / 2)
            except SessionLostError as error:
                self._say(str(error))
            else:
                wait_s = 0.0
                await self._keep(self._session)
            wait_s = min(max(2 * wait_s, self.params.first_wait_s), self.params.longest_wait_s)
            await asyncio.sleep(wait_s * random.uniform(0.8, 1.2))  # noqa: S311 - no secret

    async def _keep(self, session: Session) -> None:
        self.trouble = None
        self._tried.set()
        _log.info("bound to an SMSC", gateway=self.name, host=self.account.link.host)
        try:
            await session.run()
        except SessionLostError as error:
            self._say(str(error))

    def _say(self, trouble: str) -> None:
        """Note why there is no connection; the log has the same sentence once."""
        if trouble != self.trouble:
            _log.warning("no connection to an SMSC", gateway=self.name, reason=trouble)
        self.trouble = trouble
        self._tried.set()

    async def _take(self, delivered: Delivered) -> None:
        """Take a receipt or a text in; returns once it is on disk."""
        if delivered.is_receipt:
            found = delivered.receipt()
            if found is None:
                _log.warning("a receipt names no message", gateway=self.name)
                return
            reference, state, error = found
            now = datetime.now(UTC)
            await self.inbound.receipt(self.name, Receipt(reference, state, error, now))
            return
        source = delivered.source
        phone = international(source.text, sure=source.ton == 1)
        part = delivered.part
        if part is None:
            await self.inbound.answer(self.name, Heard(phone, delivered.text, None))
        else:
            kept = HeardPart(phone, part.group, part.number, part.total, delivered.text)
            await self.inbound.part(self.name, kept)
