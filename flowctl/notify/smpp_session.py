"""One bound connection to an SMSC: requests with their responses, and what the SMSC asks of us.

What it delivers is answered once it is on disk: TRY_LATER where that failed, so that it delivers
again. Deliveries are taken in side by side, for one trip to the disk serves many.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from traceback import format_tb

import structlog

from flowctl.errors import FlowctlError
from flowctl.notify.smpp_pdu import (
    BIND_TRANSCEIVER,
    DELIVER_SM,
    ENQUIRE_LINK,
    GENERIC_NACK,
    HEADER,
    INVALID_COMMAND,
    LONGEST,
    MEANINGS,
    NEVER,
    OK,
    RESPONSE,
    TRY_LATER,
    UNBIND,
    Bind,
    Delivered,
    PduError,
    pdu,
    read_delivered,
)

_log = structlog.get_logger()

Deliver = Callable[[Delivered], Awaitable[None]]
"""Returns once it is on disk; whatever it raises has it delivered again."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where an SMSC is, and how long one waits for it (seconds).

    ``connect_s`` is for the connection, and again for the bind.
    """

    host: str
    port: int
    tls: bool = False
    latin1: bool = False
    connect_s: float = 10.0
    response_s: float = 10.0
    enquire_link_s: float = 30.0
    unacknowledged: int = 100
    """Deliveries taken in side by side; what comes beyond waits in the socket."""


class SessionLostError(FlowctlError):
    """The connection is over; what was asked on it may have been heard."""


class BindRefusedError(FlowctlError):
    """The SMSC does not let us in."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The response to a request: its status and its body."""

    status: int
    body: bytes


def meaning(status: int) -> str:
    """Return a status in words, and as the specification numbers it."""
    words = MEANINGS.get(status, "a code of this operator" if status >= 0x400 else "no success")  # noqa: PLR2004
    return f"{words} (0x{status:02X})"


@dataclass(slots=True)
class Session:
    """A bound connection; `run` must run for anything to be answered."""

    link: Link
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    deliver: Deliver
    _number: int = field(default=1, init=False)
    _asked: dict[int, asyncio.Future[Answer]] = field(default_factory=dict, init=False)
    _over: str | None = field(default=None, init=False)
    _heard_at: float = field(default=0.0, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    @property
    def over(self) -> str | None:
        """Return why the session is over, None while it lasts."""
        return self._over

    def ask(self, command: int, body: bytes) -> asyncio.Future[Answer]:
        """Write a request; returns its response to come, or the SessionLostError in its stead.

        Raises
        ------
        SessionLostError
            The session was over before: surely nobody heard.
        """
        if self._over is not None:
            raise SessionLostError(self._over)
        number = self._next_number()
        future = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        future.add_done_callback(lambda _: self._asked.pop(number, None))
        self.writer.write(pdu(command, number, body))
        return future

    async def run(self) -> None:
        """Read until the session is over, and say goodbye where we are cancelled.

        Raises
        ------
        SessionLostError
            Why it is over.
        """
        keeper = asyncio.create_task(self._keep())
        try:
            reason = await self._read()
        except (OSError, asyncio.IncompleteReadError) as error:
            reason = f"the connection broke ({str(error) or type(error).__name__})"
        except PduError as error:
            reason = str(error)
        except asyncio.CancelledError:
            self.writer.write(pdu(UNBIND, self._next_number()))
            self._end("the process ends")
            raise
        finally:
            keeper.cancel()
        self._end(reason)
        raise SessionLostError(reason)

    async def _read(self) -> str:
        """Take in what comes; returns why that ended by agreement."""
        while True:
            command, status, number, body = await read_pdu(self.reader)
            self._heard_at = asyncio.get_running_loop().time()
            if await self._take(command, status, number, body):
                return "the SMSC ended the session (unbind)"

    def _next_number(self) -> int:
        """Return a sequence number (5.1.4); the bind had the first."""
        self._number = self._number % 0x7FFF_FFFF + 1
        return self._number

    def _end(self, reason: str) -> None:
        self._over = reason
        for future in list(self._asked.values()):
            if not future.done():
                future.set_exception(SessionLostError(reason))
                future.exception()  # who asked may have given up waiting
        for task in self._tasks:
            task.cancel()  # unanswered, so it comes again
        self.writer.close()

    async def _take(self, command: int, status: int, number: int, body: bytes) -> bool:
        """Take one PDU in; true where the session ends with it."""
        if command & RESPONSE:
            future = self._asked.get(number)
            if future is not None and not future.done():
                future.set_result(Answer(status, body))
        elif command == DELIVER_SM:
            while len(self._tasks) >= self.link.unacknowledged:
                await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            task = asyncio.create_task(self._deliver(number, body))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif command in {ENQUIRE_LINK, UNBIND}:
            self.writer.write(pdu(command | RESPONSE, number))
            return command == UNBIND
        else:
            self.writer.write(pdu(GENERIC_NACK, number, status=INVALID_COMMAND))
        return False

    async def _deliver(self, number: int, body: bytes) -> None:
        status = OK
        try:
            await self.deliver(read_delivered(body, latin1=self.link.latin1))
        except PduError as error:
            _log.warning("an unreadable message came", smsc=self.link.host, reason=str(error))
            status = NEVER
        except FlowctlError as error:
            _log.warning("a message cannot be kept now", smsc=self.link.host, reason=str(error))
            status = TRY_LATER
        except Exception as error:  # noqa: BLE001 - answered like a 500: logged, to come again
            # A defect of ours must neither lose the message nor end the connection. What was
            # written, and from which number, is no matter of the log: no locals, no message.
            where = "".join(format_tb(error.__traceback__))
            _log.error("a defect", smsc=self.link.host, kind=type(error).__name__, where=where)
            status = TRY_LATER
        self.writer.write(pdu(DELIVER_SM | RESPONSE, number, b"\x00", status))

    async def _keep(self) -> None:
        """Ask now and then whether the SMSC is there; hang up where it does not answer."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.link.enquire_link_s)
            if loop.time() - self._heard_at < self.link.enquire_link_s:
                continue
            try:
                await asyncio.wait_for(self.ask(ENQUIRE_LINK, b""), self.link.response_s)
            except TimeoutError:
                self.reader.set_exception(ConnectionError("no answer to enquire_link"))
                return
            except SessionLostError:
                return


async def read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Return command, status, sequence number and body of the next PDU.

    Raises
    ------
    PduError
        What came has no length that a PDU could have.
    """
    length, command, status, number = HEADER.unpack(await reader.readexactly(HEADER.size))
    if not HEADER.size <= length <= LONGEST:
        raise PduError(f"what came is not SMPP: a PDU of {length} octets")
    return command, status, number, await reader.readexactly(length - HEADER.size)


async def open_session(link: Link, bind: Bind, deliver: Deliver) -> Session:
    """Connect and bind as a transceiver.

    Raises
    ------
    SessionLostError
        Nobody is there, or nobody who answers in SMPP and in time.
    BindRefusedError
        The SMSC says no.
    """
    context = ssl.create_default_context() if link.tls else None
    try:
        async with asyncio.timeout(link.connect_s):
            reader, writer = await asyncio.open_connection(link.host, link.port, ssl=context)
    except (OSError, TimeoutError) as error:
        why = str(error) or "no answer"
        raise SessionLostError(f"no connection to {link.host}:{link.port}: {why}") from error
    try:
        status = await _bind(link, bind, reader, writer)
    except asyncio.CancelledError:
        writer.close()  # else the SMSC counts a session that nobody reads
        raise
    except (OSError, asyncio.IncompleteReadError, TimeoutError, PduError) as error:
        writer.close()
        why = "it hung up" if isinstance(error, asyncio.IncompleteReadError) else str(error)
        raise SessionLostError(
            f"{link.host}:{link.port} does not answer the bind: {why or 'nothing came'}"
        ) from error
    if status != OK:
        writer.close()
        raise BindRefusedError(
            f"{link.host}:{link.port} refuses {bind.system_id}: {meaning(status)};"
            " check system_id, password and system_type, and whether it knows our address"
        )
    return Session(link, reader, writer, deliver)


async def _bind(
    link: Link, bind: Bind, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> int:
    writer.write(pdu(BIND_TRANSCEIVER, 1, bind.body()))
    async with asyncio.timeout(link.connect_s):
        while True:
            command, status, _, _ = await read_pdu(reader)
            if command in {BIND_TRANSCEIVER | RESPONSE, GENERIC_NACK}:
                return status if command != GENERIC_NACK else status or INVALID_COMMAND
