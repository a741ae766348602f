"""Flow per zone and hour; on TimescaleDB Community columnstore and a continuous aggregate.

What depends on a site's terms, the policies, is set by :mod:`flowctl.storage.retention`.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

FLOW = """
-- Every change of what visits say: a visit that comes to be counts 1, one that moves or is
-- withdrawn -1 where it was. Only ever appended to, so that sums may be kept ahead.
create table zone_flow (
    at   timestamptz not null,
    zone text not null,
    kind text not null check (kind in ('entered', 'left')),
    n    smallint not null check (n in (1, -1))
);
create index zone_flow_zone on zone_flow (zone, at);
"""

# A device first seen inside is a presence, not an arrival; see visits.seen_inside.
FORMER_VISITS = """
insert into zone_flow (at, zone, kind, n)
    select entered_at, zone, 'entered', 1 from visits where not seen_inside
    union all
    select left_at, zone, 'left', 1 from visits where left_at is not null;
create index fixes_aside_received on fixes_aside (received_at, id);
"""

HYPERTABLE = """
select create_hypertable('zone_flow', 'at', chunk_time_interval => interval '7 days',
    create_default_indexes => false);
"""

HOURLY = """
create {view} zone_flow_hourly {options} as
    select {hour} as hour, zone,
        sum(case when kind = 'entered' then n else 0 end) as n_entered,
        sum(case when kind = 'left' then n else 0 end) as n_left
    from zone_flow group by 1, 2 {data};
"""
VIEW = HOURLY.format(view="view", options="", hour="date_trunc('hour', at, 'UTC')", data="")
CONTINUOUS_AGGREGATE = HOURLY.format(
    view="materialized view",
    # What is not materialised yet is summed at each query.
    options="with (timescaledb.continuous, timescaledb.materialized_only = false)",
    hour="time_bucket('1 hour', at)",
    data="with no data",
)

# The order holds what the identity needs beside the segment: else every late insert into a
# compressed chunk would decompress more than its own rows.
COLUMNSTORE = """
alter table fixes set (
    timescaledb.enable_columnstore,
    timescaledb.segmentby = 'device_id',
    timescaledb.orderby = 'fixed_at, source_id'
);
"""


def upgrade() -> None:
    """Make the tables; a hypertable, columnstore and aggregate by what the server can do."""
    hypertable, community = (
        op.get_bind()
        .exec_driver_sql(
            "select relkind = 'r', coalesce(current_setting('timescaledb.license', true), '')"
            " = 'timescale' from pg_class where oid = 'fixes'::regclass"
        )
        .one()
    )
    op.execute(FLOW)
    if hypertable:
        op.execute(HYPERTABLE)
    op.execute(FORMER_VISITS)
    if hypertable and community:
        op.execute(COLUMNSTORE)
        op.execute(CONTINUOUS_AGGREGATE)
    else:
        op.execute(VIEW)


def downgrade() -> None:
    """Nothing brings back what was dropped by then."""
    raise NotImplementedError("Revision 0003 cannot be undone; restore the backup made before it.")
