"""What was expected of arrivals, and what was learned from how they came."""

from alembic import op

revision = "0006"
down_revision = "0005"

ETA = """
-- What was said at a moment of when a truck comes to a yard or a gate. low, mid and high are the
-- raw belief in seconds after since, at a gate those it is open; arrived_at is as visits say now,
-- and moves when they do.
create table eta_forecasts (
    trip_id    bigint not null references trips,
    target     text not null check (target in ('yard', 'gate')),
    place      text not null,
    at         timestamptz not null,
    since      timestamptz not null,
    low_s      double precision not null,
    mid_s      double precision not null,
    high_s     double precision not null,
    even_s     double precision,  -- the drive at the pace of others
    shown      double precision not null,  -- log of the pace the truck had shown
    horizon    text not null,
    p10        timestamptz not null,
    p50        timestamptz not null check (p50 >= p10),
    p90        timestamptz not null check (p90 >= p50),
    arrived_at timestamptz,
    learned    boolean not null default false,  -- its arrival has taught already
    primary key (trip_id, target, at)
);
create index eta_forecasts_at on eta_forecasts (at);

create table eta_calibrations (
    site  text primary key references sites,
    at    timestamptz not null,
    state jsonb not null
);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(ETA)


def downgrade() -> None:
    """Drop them: forecasts are made anew, and what they taught is learned again."""
    op.execute("drop table eta_calibrations; drop table eta_forecasts;")
