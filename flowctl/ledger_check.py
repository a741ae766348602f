"""Whether the ledger of the database, or of an exported file, is as it was written."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from flowctl.errors import FlowctlError, NotFoundError
from flowctl.ledger.chain import Head, Kept, Row, Sealed, read_line
from flowctl.ledger.signing import SignedHead, read_signed
from flowctl.ledger.verify import (
    Fault,
    Reached,
    Witness,
    find_false_signature,
    find_fault,
    find_other_signer,
    witness_of_code,
    witness_of_head,
)
from flowctl.storage.ledger import Connection, find_head, list_sealed
from flowctl.storage.ledger_heads import list_signed_heads

_SHOWN_EVERY = 20_000


@dataclass(slots=True)
class Walk:
    """What a walk over the ledger has seen so far."""

    rows: int = 0
    last: Kept | Sealed | None = None

    @property
    def lacking(self) -> int:
        """How many rows stand before the first one: all of them were elsewhere."""
        return 0 if self.last is None else self.last.row.seq - self.rows

    def over(
        self, rows: Iterable[Kept | Sealed], tell: Callable[[str], None]
    ) -> Iterator[Kept | Sealed]:
        """Yield the rows, and tell now and then how many they were."""
        for kept in rows:
            self.rows += 1
            self.last = kept
            if self.rows % _SHOWN_EVERY == 0:
                tell(f"checking: {self.rows:,} rows")
            yield kept


def check_database(
    conn: Connection,
    site: str,
    outside: list[Witness],
    public: bytes | None,
    walk: Walk,
    tell: Callable[[str], None],
) -> tuple[Fault | None, list[SignedHead]]:
    """Check a site's rows against its head, what was kept outside, and the heads of its key.

    The newest signed head must bear the key ``public``; earlier ones may bear one of before.
    Returns what is wrong first, and the signed heads; without a key, all of them count.
    """
    # One moment for head, signatures and rows: what is appended meanwhile belongs to the next walk.
    conn.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    signed = list_signed_heads(conn, site)
    inside = [witness_of_head(head, source="the head in the database") for head in signed]
    own = [one for one in inside if public is None or one.key == public]
    fault = (
        find_false_signature(signed)
        or find_other_signer(inside[-1:], public)
        or find_fault(
            site,
            walk.over(list_sealed(conn, site), tell),
            head=find_head(conn, site),
            witnesses=[*outside, *own],
        )
    )
    return fault, signed


def check_file(
    file: Path, outside: list[Witness], walk: Walk, tell: Callable[[str], None]
) -> Fault | None:
    """Check an exported ledger; its last row is its head.

    Raises
    ------
    FlowctlError
        The file holds no rows of a ledger.
    """
    with file.open("rb") as lines:
        end = deque(lines, maxlen=1)
    if not end:
        raise FlowctlError(f"{file} holds no rows of a ledger; export them from GET /v1/ledger.")
    first, last = next(_exported(file)), _row_of(end[0], file, "The last line")
    head = Head(last.row.site, last.row.seq, last.hash, last.row.recorded_at)
    return find_fault(
        first.row.site,
        walk.over(_exported(file), tell),
        head=head,
        witnesses=outside,
        after=_before(first.row, file),
    )


def _before(first: Row, file: Path) -> Reached | None:
    """Return what a file's first row says it follows: an export may begin behind the first row."""
    try:
        previous = bytes.fromhex(first.previous)
    except ValueError as error:
        raise FlowctlError(
            f"Line 1 of {file} is no row of a ledger: its previous hash is not hexadecimal."
        ) from error
    return Reached(first.seq - 1, previous) if first.seq > 1 else None


def _exported(file: Path) -> Iterator[Kept]:
    with file.open("rb") as lines:
        for number, text in enumerate(lines, 1):
            yield _row_of(text, file, f"Line {number}")


def _row_of(text: bytes, file: Path, where: str) -> Kept:
    try:
        return read_line(text)
    except ValueError as error:
        raise FlowctlError(f"{where} of {file} is no row of a ledger: {error}.") from error


def witness_of(text: str) -> Witness:
    """Return what somebody kept outside: a signed head, the file of one, or a message's code.

    Raises
    ------
    NotFoundError
        There is no such file.
    FlowctlError
        It is none of these.
    """
    if text.lstrip().startswith("{"):
        return witness_of_head(read_signed(text.encode(), where="--against"), source="the head")
    path = Path(text)
    if path.is_file():
        head = read_signed(path.read_bytes(), where=text)
        return witness_of_head(head, source=f"the head in {text}")
    if path.suffix or len(path.parts) > 1:
        raise NotFoundError(
            f"There is no file {text} with a signed head; name the file that keeps what"
            " GET /v1/ledger/head answered, or give a code such as a message ends with."
        )
    return witness_of_code(text)
