"""The state of traffic: speeds of roads, queues before gates, times of their lanes."""

from alembic import op

revision = "0005"
down_revision = "0004"

TRAFFIC = """
-- What tracked trucks did on one direction of a drawn piece of road, window by window. Its length
-- is cut into equal parts of part_m, in driving order; speed = vehicle_m / vehicle_s, density =
-- vehicle_s / (part_m * window_s), flow = vehicle_m / (part_m * window_s) (Edie 1963).
-- Where no truck drove there is no row.
create table road_speeds (
    site      text not null,
    at        timestamptz not null,  -- when the window began
    road      text not null,
    turned    boolean not null,  -- driven against its drawing
    window_s  integer not null check (window_s > 0),
    part_m    real not null,
    vehicle_m real[] not null,
    vehicle_s real[] not null check (cardinality(vehicle_s) = cardinality(vehicle_m)),
    primary key (site, at, road, turned)
);

-- tail_m: metres from the stop line to the last truck; 0 where trucks are seen and none stands,
-- null where none is seen.
create table queue_states (
    site         text not null,
    gate         text not null,
    at           timestamptz not null,
    tail_m       real check (tail_m >= 0),
    trucks       integer check (trucks >= 0),
    moving_share real check (moving_share between 0 and 1),
    primary key (site, gate, at)
);
create index queue_states_at on queue_states (at);

-- Durations in seconds over the while before; null where nothing was seen.
create table lane_times (
    site        text not null,
    gate        text not null,
    direction   text not null check (direction in ('export', 'import')),
    at          timestamptz not null,
    headway_p10 real,
    headway_p50 real,
    headway_p90 real,
    headways    integer not null,
    service_p10 real,
    service_p50 real,
    service_p90 real,
    services    integer not null,
    primary key (site, gate, direction, at)
);
create index lane_times_at on lane_times (at);
create index road_speeds_at on road_speeds (at);
"""


GATES = """
-- How a gate works against what it usually does, and what either direction gets while it always
-- waits (trucks an hour, with a 90 % interval); null in what was written before this step.
alter table gate_states
    add column state text not null default 'unknown'
        check (state in ('normal', 'reduced', 'stopped', 'recovering', 'unknown')),
    add column state_since timestamptz,
    add column export_per_h real,
    add column export_low real,
    add column export_high real,
    add column import_per_h real,
    add column import_low real,
    add column import_high real;
"""


def upgrade() -> None:
    """Make the tables, and tell of a gate whether it works as it does."""
    op.execute(TRAFFIC)
    op.execute(GATES)


def downgrade() -> None:
    """Drop the tables: what they hold follows from fixes and visits."""
    op.execute("drop table lane_times, queue_states, road_speeds")
    op.execute(
        "alter table gate_states drop column state, drop column state_since,"
        " drop column export_per_h, drop column export_low, drop column export_high,"
        " drop column import_per_h, drop column import_low, drop column import_high"
    )
