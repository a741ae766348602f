"""Printed orders at rest: kept in one transaction with their entry in the ledger."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, LiteralString

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from flowctl.errors import NotFoundError
from flowctl.ledger.chain import Head, genesis
from flowctl.ledger.codes import mark_of, read_code
from flowctl.paper.order import (
    PARAMS,
    Order,
    SignedOrder,
    canonical,
    entry_of,
    order_of,
    read_order,
    sign_order,
)
from flowctl.site import Site
from flowctl.state import Snapshot
from flowctl.storage import ledger
from flowctl.storage.acts import list_standing
from flowctl.storage.closures import open_site
from flowctl.storage.live import list_gate_states
from flowctl.storage.snapshot import list_live_trips

Connection = psycopg.Connection[Any]


def make_orders(
    conn: Connection,
    site: Site,
    gates: Sequence[str],
    key: Ed25519PrivateKey | None,
    *,
    now: datetime,
) -> list[SignedOrder]:
    """Make and keep the orders of these gates, each with its entry in the ledger.

    They are read at one moment, which the ledger's head on the sheet is that of, and nobody waits
    for it; the ledger is held only while they are kept. Orders nobody will enter anything of any
    more are dropped, and their content with them.

    Parameters
    ----------
    conn
        Outside a transaction.

    Raises
    ------
    NotFoundError
        The site has no such gate.
    """
    for gate in gates:
        _refuse_unknown(site, gate)
    with conn.transaction():
        conn.execute("set transaction isolation level repeatable read read only")
        made = [sign_order(order, key) for order in _read(conn, site, gates, now)]
    with conn.transaction():
        ledger.append(conn, site.id, site.policy.version, [entry_of(one) for one in made], now=now)
        for one in made:
            _insert(conn, one)
        kept = timedelta(seconds=PARAMS.orders_kept_s)
        conn.execute(
            "delete from paper_orders where site = %s and made_at < %s", [site.id, now - kept]
        )
    return made


def _read(conn: Connection, site: Site, gates: Sequence[str], now: datetime) -> list[Order]:
    head = ledger.find_head(conn, site.id) or Head(site.id, 0, genesis(site.id), now)
    left = open_site(conn, site, now)
    acts = list_standing(conn, site.id, now, news=timedelta(0))
    snapshot = Snapshot(left, now, list_live_trips(conn, left, now), (), acts=tuple(acts))
    plates = _list_plates(conn, site.id)
    states = {s.gate: s.n_target for s in list_gate_states(conn, site.id, gates)}
    return [
        order_of(snapshot, gate, plates, head=head, n_target=states.get(gate) or None)
        for gate in gates
    ]


def _refuse_unknown(site: Site, gate: str) -> None:
    if gate not in site.gate_by_id:
        known = " and ".join(site.gate_by_id)
        raise NotFoundError(f"There is no gate {gate[:40]!r}; {site.id} has {known}.")


def _list_plates(conn: Connection, site: str) -> dict[int, str]:
    return dict(
        conn.execute(
            "select id, plate from trips where site = %s and state = 'active'", [site]
        ).fetchall()
    )


def _insert(conn: Connection, signed: SignedOrder) -> None:
    order = signed.order
    conn.execute(
        "insert into paper_orders (site, mark, gate, made_at, valid_until, head_seq, content, key,"
        " signature) values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing",
        [
            order.site,
            mark_of(signed.digest),
            order.gate,
            order.made_at,
            order.valid_until,
            order.head_seq,
            canonical(order),
            signed.key,
            signed.signature,
        ],
    )


_ORDER: LiteralString = "select content, key, signature from paper_orders where site = %s"


def find_newest_order(conn: Connection, site: Site, gate: str) -> SignedOrder | None:
    """Return the order of a gate that was made last, None where none is kept.

    Raises
    ------
    NotFoundError
        The site has no such gate.
    """
    _refuse_unknown(site, gate)
    row = conn.execute(
        _ORDER + " and gate = %s order by made_at desc, head_seq desc limit 1", [site.id, gate]
    ).fetchone()
    return None if row is None else _signed(row)


def get_order_locked(conn: Connection, site: str, code: str) -> SignedOrder:
    """Return the order of a printed code, which nobody else enters by until the transaction ends.

    Raises
    ------
    FlowctlError
        It is no code, or a letter of it is wrong.
    NotFoundError
        The site has no such order.
    """
    row = conn.execute(
        _ORDER + " and mark = %s for update", [site, mark := read_code(code)]
    ).fetchone()
    if row is None:
        raise NotFoundError(
            f"There is no printed order {code.strip()[:20]} of {site} (mark {mark}); its code"
            f" stands at the foot of each page. Orders are kept for"
            f" {PARAMS.orders_kept_s / 86_400:.0f} days."
        )
    return _signed(row)


def _signed(row: tuple[Any, ...]) -> SignedOrder:
    content, key, signature = row
    return SignedOrder(
        read_order(bytes(content)),
        None if key is None else bytes(key),
        None if signature is None else bytes(signature),
    )


def list_departures(
    conn: Connection, trip_ids: Sequence[int], *, since: datetime
) -> dict[int, datetime]:
    """Return when trips were called up or ended by flowctl's own knowledge, from ``since`` on."""
    return dict(
        conn.execute(
            "select trip_id, min(at) from ("
            "  select trip_id, released_at as at from releases"
            "   where trip_id = any(%s) and released_at >= %s"
            "  union all select id, ended_at from trips where id = any(%s) and ended_at >= %s"
            " ) gone group by trip_id",
            [list(trip_ids), since, list(trip_ids), since],
        ).fetchall()
    )
