"""The log of acts as CSV, for auditors and their spreadsheets."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from flowctl.csv_text import csv_text
from flowctl.storage.audit import AuditRecord, Connection, Wanted, list_records

_HEADER = ["id", "at", "wall_at", "account", "role", "address", "act", "subject", "before", "after"]
_AT_ONCE = 1000


def audit_csv(
    connect: Callable[[], AbstractContextManager[Connection]], site: str, wanted: Wanted
) -> Iterator[str]:
    """Yield the log as CSV, the newest act first; texts are defused, see `flowctl.csv_text`.

    Each thousand acts take a connection of their own: who reads may be slow.
    """
    yield csv_text(_HEADER, [])
    before_id = None
    while True:
        with connect() as conn:
            rows = list_records(conn, site, wanted, limit=_AT_ONCE, before_id=before_id)
        if not rows:
            return
        before_id = rows[-1].id
        yield csv_text(_HEADER, [_cells(one) for one in rows]).partition("\r\n")[2]


def _cells(one: AuditRecord) -> list[Any]:
    return [
        *(one.id, one.at, one.wall_at, one.account, one.role, one.address, one.act, one.subject),
        _json(one.before),
        _json(one.after),
    ]


def _json(value: dict[str, Any] | None) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)
