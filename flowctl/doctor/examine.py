"""The whole look: this machine, both stores, the work, and what is outside."""

import ssl
from collections.abc import Callable, Generator, Iterator

import psycopg
import redis

from flowctl.doctor import database, machine, outside, positions, work
from flowctl.doctor.database import Asked
from flowctl.doctor.findings import UNASKED, Finding, good, look, place_of, told, unlooked, wrong
from flowctl.settings import Settings
from flowctl.storage import connections
from flowctl.storage.roles import user_of
from flowctl.storage.schema import find_revision
from flowctl.telemetry.store import AWAY, connect_worker

_OF_TABLES = (*(name for name, _ in (*database.TABLES, *work.LOOKS)), work.OPENED, work.LAG)


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
        if _is_store_refusing(error):
            said = f"{where} runs and refuses our password: {told(error)}."
            mend = (
                "give FLOWCTL_VALKEY_URL the password that the store was started with; in compose"
                " both have that of secrets/flowctl_valkey_password since they were started:"
                " docker compose up --detach --force-recreate"
            )
        else:
            said = f"{where} does not answer: {told(error)}."
            mend = "start it, or look at FLOWCTL_VALKEY_URL"
        yield wrong("position store", said, mend)
        yield unlooked("the position store", (*(name for name, _ in positions.NODES), work.LAG))
        return True
    return False


def _look_at_database(
    chosen: Settings, wall_s: Callable[[], float], *, store_away: bool
) -> Iterator[Finding]:
    where = place_of(chosen.database_url)
    try:
        conn = connections.connect(chosen.database_url, autocommit=True)
    except (psycopg.Error, *AWAY) as error:
        if _is_database_refusing(error):
            role = user_of(chosen.database_url)
            said = f"{where} runs and refuses our password: {told(error)}."
            mend = (
                f"give FLOWCTL_DATABASE_URL the password of the role {role} (in compose"
                " secrets/flowctl_database_password), or the role this one, as who owns the"
                f" database: alter role {role} password '…'"
            )
        else:
            said = f"{where} does not let us in: {told(error)}."
            mend = "start it, or look at FLOWCTL_DATABASE_URL"
        yield wrong("database", said, mend)
        yield unlooked("the database", (*(name for name, _ in database.SERVER), *_OF_TABLES))
        return
    with conn:
        asked = Asked(conn, chosen, wall_s)
        yield good("database", f"{where} answers.")
        yield from look(asked, database.SERVER)
        if find_revision(conn) is None:
            yield unlooked("tables", _OF_TABLES)
            return
        secret = (work.OPENED, lambda one: work.look_at_secret(one, chosen))
        yield from look(asked, (*database.TABLES, *work.LOOKS, secret))
        if not store_away:
            lag = (work.LAG, lambda one: work.look_at_lag(one, chosen.valkey_url))
            yield from look(asked, (lag,))


def _is_store_refusing(error: Exception) -> bool:
    # A cluster's client says of its nodes' errors only what they are called.
    kind = redis.AuthenticationError
    return isinstance(error, kind) or kind.__name__ in str(error)


def _is_database_refusing(error: Exception) -> bool:
    """Tell whether a server answered that our password is not the role's, or is lacking."""
    line = error.pgconn if isinstance(error, psycopg.Error) else None
    if line is None:
        return False
    refused = line.used_password and "password authentication failed" in str(error)
    return line.needs_password or refused
