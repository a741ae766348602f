"""How long what is kept, and in what form: one call a domain day does what is due.

Everything goes by domain time. TimescaleDB's own policies know the wall clock alone, so they stand
only where that is the domain's time; a played day must not be dropped for being years ago.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import structlog

from flowctl.site import Site
from flowctl.storage import checkpoints, devices, eta_scores, plans, traffic, visits, waits
from flowctl.storage.ended import forget_ended
from flowctl.storage.partitions import (
    Capability,
    drop_fixes_before,
    ensure_fix_partitions,
    tables_level,
)

Connection = psycopg.Connection[Any]

_log = structlog.get_logger()

SETTLING = timedelta(days=1)
"""How long after the lateness limit the last fix of a moment may still wait to be stored."""

PRICES_KEPT = timedelta(days=7)
"""How long the slot prices of a plan are kept: some hundred rows every five minutes."""

_LOCK = 0x6B656570  # "keep"
_ROWS_AT_ONCE = 10_000
_DAY = timedelta(days=1)


def retain(conn: Connection, site: Site, now: datetime, *, wall_clock: bool) -> None:
    """Make the days that may come, drop what is too old, and settle what no fix will change.

    Quick where nothing is due. Of several processes that ask at once, one does it.

    Parameters
    ----------
    conn
        In autocommit mode and outside a transaction: a continuous aggregate asks for that.
    now
        The domain moment.
    wall_clock
        Whether domain time is the wall clock's.
    """
    with _alone(conn) as alone:
        if not alone:
            return
        lateness = timedelta(seconds=site.lateness_limit_s)
        ahead = _DAY + timedelta(seconds=site.future_limit_s)  # until the next call
        with conn.transaction():
            ensure_fix_partitions(conn, (now - lateness).date(), (now + ahead).date())
        _drop_aside_before(conn, now - timedelta(days=site.aside_kept_days))
        gone = forget_ended(conn, site, now)
        if gone:
            _log.info("ended trips forgotten", trips=gone)
        keep = timedelta(days=site.fixes_kept_days)
        with conn.transaction():
            traffic.drop_before(conn, now - keep)
            eta_scores.drop_before(conn, now - keep)
            waits.drop_before(conn, now - keep)
            plans.drop_prices_before(conn, now - PRICES_KEPT)
            plans.drop_states_before(conn, now - keep)
            plans.drop_plans_before(conn, now - keep)
            # The oldest fix that may come finds the checkpoint before it: they are hours apart.
            checkpoints.drop_before(conn, now - lateness - SETTLING)
        _drop_ways_before(conn, now - max(keep, timedelta(days=site.trips_kept_days)))
        if tables_level(conn) is Capability.TIMESCALEDB_COMMUNITY:
            policies = _policies(lateness + SETTLING, keep) if wall_clock else {}
            _have_policies(conn, policies)
            if policies:
                return
            _settle_before(conn, now - lateness - SETTLING)
        _drop_fixes_before(conn, now - keep)


@contextmanager
def _alone(conn: Connection) -> Iterator[bool]:
    row = conn.execute("select pg_try_advisory_lock(%s)", [_LOCK]).fetchone()
    got = row is not None and bool(row[0])
    try:
        yield got
    finally:
        if got:
            conn.execute("select pg_advisory_unlock(%s)", [_LOCK])


def _drop_fixes_before(conn: Connection, cutoff: datetime) -> None:
    try:
        dropped = drop_fixes_before(conn, cutoff)
    except psycopg.errors.LockNotAvailable as error:
        _log.warning("old fixes stay until the next try", reason=str(error).strip())
        return
    if dropped:
        _log.info("old fixes dropped", days=dropped, before=cutoff.isoformat())


def _drop_ways_before(conn: Connection, cutoff: datetime) -> None:
    """Forget where trucks were, as no fix that tells of it is kept any more, and no trip.

    A little at a time: a year's visits must not lock out who judges those of now.
    """
    while visits.drop_before(conn, cutoff, most=_ROWS_AT_ONCE) == _ROWS_AT_ONCE:
        pass
    with conn.transaction():
        visits.drop_lost_before(conn, cutoff)
    visits.drop_withdrawn_before(conn, cutoff)
    devices.drop_assignments_before(conn, cutoff)


def _drop_aside_before(conn: Connection, cutoff: datetime) -> None:
    """Delete what was set aside and received before ``cutoff``, a little at a time."""
    while True:
        gone = conn.execute(
            "delete from fixes_aside where id = any(array("
            " select id from fixes_aside where received_at < %s limit %s))",
            [cutoff, _ROWS_AT_ONCE],
        )
        if gone.rowcount < _ROWS_AT_ONCE:
            return


def _settle_before(conn: Connection, moment: datetime) -> None:
    """Compress the days that end at ``moment`` or earlier, and sum the flow of the hours before."""
    chunks = conn.execute(
        "select format('%%I.%%I', chunk_schema, chunk_name) from timescaledb_information.chunks"
        " where hypertable_name = 'fixes' and not is_compressed and range_end <= %s"
        " order by range_start",
        [moment],
    ).fetchall()
    for chunk in chunks:
        conn.execute("call convert_to_columnstore(%s::regclass)", chunk)
    conn.execute("call refresh_continuous_aggregate('zone_flow_hourly', null, %s)", [moment])


def _policies(settled: timedelta, keep: timedelta) -> dict[str, timedelta]:
    """Return how old a moment must be for each of TimescaleDB's policies to see to it."""
    return {
        "policy_compression": settled,
        "policy_refresh_continuous_aggregate": settled,
        "policy_retention": keep,
    }


def _have_policies(conn: Connection, wanted: Mapping[str, timedelta]) -> None:
    """Let exactly these policies stand; one that stands already is left as it was scheduled."""
    if _standing_policies(conn) == wanted:
        return
    with conn.transaction():
        conn.execute(
            "select remove_retention_policy('fixes', if_exists => true),"
            " remove_continuous_aggregate_policy('zone_flow_hourly', if_exists => true)"
        )
        conn.execute("call remove_columnstore_policy('fixes', if_exists => true)")
        if wanted:
            _add_policies(conn, wanted)


def _standing_policies(conn: Connection) -> dict[str, timedelta]:
    rows = conn.execute(
        "select proc_name, coalesce(config->>'drop_after', config->>'compress_after',"
        " config->>'end_offset')::interval from timescaledb_information.jobs"
        # 2.19 names the aggregate's hidden table here, later versions its view.
        " where hypertable_name in ('fixes', 'zone_flow_hourly', ("
        " select materialization_hypertable_name from timescaledb_information.continuous_aggregates"
        " where view_name = 'zone_flow_hourly'))"
    ).fetchall()
    return dict(rows)


def _add_policies(conn: Connection, wanted: Mapping[str, timedelta]) -> None:
    conn.execute(
        "call add_columnstore_policy('fixes', after => %s)", [wanted["policy_compression"]]
    )
    conn.execute(
        "select add_continuous_aggregate_policy('zone_flow_hourly', start_offset => null,"
        " end_offset => %s, schedule_interval => interval '1 day')",
        [wanted["policy_refresh_continuous_aggregate"]],
    )
    conn.execute("select add_retention_policy('fixes', %s)", [wanted["policy_retention"]])
