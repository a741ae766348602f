"""What gateways said of the messages they took, whichever came first: receipt or reference."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import args_row

Connection = psycopg.Connection[Any]

_LONGEST = 200


class StoredReceipt(NamedTuple):
    """A receipt as it is kept; ``state`` as in SMPP 3.4, appendix B."""

    gateway: str
    ref: str
    state: str
    error: str | None
    at: datetime


def keep_receipts(conn: Connection, receipts: Sequence[StoredReceipt]) -> None:
    """Keep receipts, in the caller's transaction.

    A part that arrived has arrived, whatever is said afterwards; else the first final word stays.
    What a gateway says of messages that are not ours is kept until retention ends it, as it may
    have come before we knew the reference.
    """
    # One statement cannot meet the same row twice; in order, so that two writers never wait for
    # each other.
    last: dict[tuple[str, str], StoredReceipt] = {}
    for one in receipts:
        key = (one.gateway, stored_ref(one.ref))
        if key not in last or _outweighs(one.state, last[key].state):
            last[key] = one
    rows = [
        (*key, one.state, one.error and stored_ref(one.error), one.at)
        for key, one in sorted(last.items())
    ]
    with conn.cursor() as cursor:
        cursor.executemany(_KEEP, rows)


def find_receipt(conn: Connection, gateway: str, ref: str) -> StoredReceipt | None:
    """Return what a gateway said of a part, None where it said nothing."""
    with conn.cursor(row_factory=args_row(StoredReceipt)) as cursor:
        return cursor.execute(
            "select gateway, ref, state, error, at from sms_receipts"
            " where gateway = %s and ref = %s",
            [gateway, stored_ref(ref)],
        ).fetchone()


def stored_ref(ref: str) -> str:
    """Return what a gateway calls a part, as the database can hold it: short, and without zeros."""
    return ref.replace("\0", "")[:_LONGEST]


_UNSURE = ("ACCEPTD", "UNKNOWN")

_KEEP = """
insert into sms_receipts as kept (gateway, ref, state, error, at) values (%s, %s, %s, %s, %s)
on conflict (gateway, ref) do update
set state = excluded.state, error = excluded.error, at = excluded.at
where kept.state <> excluded.state
  and (excluded.state = 'DELIVRD' or kept.state in ('ACCEPTD', 'UNKNOWN'))
"""


def _outweighs(state: str, before: str) -> bool:
    return state != before and (state == "DELIVRD" or before in _UNSURE)
