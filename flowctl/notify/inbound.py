"""Takes in what gateways bring, on disk before they are told so."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

import psycopg
import structlog

from flowctl.clock import Clock
from flowctl.errors import UnavailableError
from flowctl.notify.gateways import Heard, HeardPart, Receipt
from flowctl.registry.answers import Order, take_answer
from flowctl.registry.keys import Keys, decrypt_answer, encrypt_answer, hash_phone
from flowctl.site import Site
from flowctl.storage.connections import connect
from flowctl.storage.heard_parts import PartOf, keep_part, take_overdue, take_whole
from flowctl.storage.receipts import StoredReceipt, keep_receipts

_log = structlog.get_logger()

LONGEST_TEXT = 2_000
"""Letters of an answer that are read; nobody means more by one."""
_MOST_PARTS = 64
_PARTS_WAIT = timedelta(minutes=10)
"""How long a text waits for its last parts; then what there is of it counts."""

T = TypeVar("T")
Connection = psycopg.Connection[Any]


@dataclass(slots=True)
class StoredInbound:
    """Writes to the database by a thread and a connection of its own.

    Receipts that come while others are being written go together in the next transaction.
    """

    database_url: str
    site: Site
    keys: Keys
    clock: Clock
    _order: Order = field(default_factory=Order, init=False)
    _conn: Connection | None = field(default=None, init=False)
    _thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, "inbound"), init=False
    )
    _gathered: list[StoredReceipt] = field(default_factory=list, init=False)
    _gathering: asyncio.Future[None] | None = field(default=None, init=False)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def receipt(self, gateway: str, receipt: Receipt) -> None:
        """Keep a receipt.

        Raises
        ------
        UnavailableError
            The database does not answer; also of the other methods.
        """
        kept = StoredReceipt(gateway, receipt.ref, receipt.state, receipt.error, receipt.at)
        self._gathered.append(kept)
        if self._gathering is None:
            self._gathering = asyncio.ensure_future(self._write_receipts())
        # Shielded: who gives up waiting must not undo it for the others.
        await asyncio.shield(self._gathering)

    async def _write_receipts(self) -> None:
        async with self._writing:
            batch, self._gathered, self._gathering = self._gathered, [], None
            await self._in_database(lambda conn: keep_receipts(conn, batch))

    async def answer(self, gateway: str, heard: Heard) -> None:
        """Act on what a driver wrote."""
        await self._in_database(lambda conn: self._act(conn, gateway, heard))

    async def part(self, gateway: str, part: HeardPart) -> None:
        """Keep a part of a text; act on the text where it is the last one."""
        await self._in_database(lambda conn: self._join(conn, gateway, part))

    async def settle(self) -> None:
        """Act on texts whose last parts have not come for ten minutes, as far as they came."""
        await self._in_database(self._settle)

    def _act(self, conn: Connection, gateway: str, heard: Heard) -> None:
        take_answer(
            conn,
            self.site,
            self.keys,
            phone=heard.phone,
            text=heard.text[:LONGEST_TEXT],
            gateway=gateway,
            ref=heard.ref,
            order=self._order,
            now=self.clock.now(),
        )

    def _join(self, conn: Connection, gateway: str, part: HeardPart) -> None:
        if part.number > _MOST_PARTS:
            _log.warning("a text of too many parts", gateway=gateway, parts=part.total)
            return
        phone = hash_phone(self.keys, part.phone)
        total = min(part.total, _MOST_PARTS)
        of = PartOf(self.site.id, gateway, phone, part.group, total)
        cipher = encrypt_answer(self.keys, f"{part.phone}\n{part.text}")
        keep_part(conn, of, part.number, cipher, self.clock.now())
        self._act_on(conn, gateway, take_whole(conn, of))

    def _act_on(self, conn: Connection, gateway: str, ciphers: list[bytes]) -> None:
        if ciphers:
            opened = [decrypt_answer(self.keys, cipher).partition("\n") for cipher in ciphers]
            text = "".join(part for _, _, part in opened)
            self._act(conn, gateway, Heard(opened[0][0], text, None))

    def _settle(self, conn: Connection) -> None:
        before = self.clock.now() - _PARTS_WAIT
        for text in take_overdue(conn, self.site.id, before):
            self._act_on(conn, text.gateway, text.ciphers)

    async def _in_database(self, work: Callable[[Connection], T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._transact, work)

    def _transact(self, work: Callable[[Connection], T]) -> T:
        try:
            if self._conn is None or self._conn.closed:
                self._conn = connect(self.database_url, autocommit=True)
            with self._conn.transaction():
                return work(self._conn)
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            raise UnavailableError(
                f"What a gateway brought cannot be kept: {str(error).strip()}"
            ) from error

    def close(self) -> None:
        """End the thread and its connection."""
        self._thread.shutdown()
        if self._conn is not None:
            self._conn.close()
