"""The whole look: this machine, both stores, the work, and what is outside."""

import ssl
from collections.abc import Callable, Generator, Iterator

import psycopg

from flowctl.doctor import database, machine, outside, positions, work
from flowctl.doctor.database import Asked
from flowctl.doctor.findings import UNASKED, Finding, good, look, place_of, told, wrong
from flowctl.settings import Settings
from flowctl.storage import connections
from flowctl.storage.schema import find_revision
from flowctl.telemetry.store import AWAY, connect_worker


def examine(chosen: Settings, wall_s: Callable[[], float]) -> Iterator[Finding]:
    """Yield what is found; a store that is away is said to be, and the rest is looked at still.

    Parameters
    ----------
    chosen
        As the processes have them.
    wall_s
        This machine's clock, in seconds since 1970.
    """
    yield from look(chosen, machine.LOOKS)
    away = yield from _look_at_positions(chosen, wall_s)
    yield from _look_at_database(chosen, wall_s, store_away=away)
    out = outside.Outside(chosen, wall_s, ssl.create_default_context())
    yield from look(out, outside.LOOKS)


def _look_at_positions(
    chosen: Settings, wall_s: Callable[[], float]
) -> Generator[Finding, None, bool]:
    """Yield what is found of the position store; returns whether it is away."""
    where = place_of(chosen.valkey_url)
    try:
        with connect_worker(chosen.valkey_url) as store:
            nodes = list(positions.nodes_of(store, chosen, wall_s))
            for node in nodes:
                node.info()
            yield good("position store", f"{where} answers.")
            for node in nodes:
                yield from look(node, positions.NODES)
    except UNASKED as error:
        said = f"{where} does not answer: {told(error)}."
        yield wrong("position store", said, "start it, or look at FLOWCTL_VALKEY_URL")
        return True
    return False


def _look_at_database(
    chosen: Settings, wall_s: Callable[[], float], *, store_away: bool
) -> Iterator[Finding]:
    where = place_of(chosen.database_url)
    try:
        conn = connections.connect(chosen.database_url, autocommit=True)
    except (psycopg.Error, *AWAY) as error:
        said = f"{where} does not let us in: {told(error)}."
        yield wrong("database", said, "start it, or look at FLOWCTL_DATABASE_URL")
        return
    with conn:
        asked = Asked(conn, chosen, wall_s)
        yield good("database", f"{where} answers.")
        yield from look(asked, database.SERVER)
        if find_revision(conn) is None:
            return
        yield from look(asked, (*database.TABLES, *work.LOOKS))
        if not store_away:
            lag = ("ingest lag", lambda one: work.look_at_lag(one, chosen.valkey_url))
            yield from look(asked, (lag,))
