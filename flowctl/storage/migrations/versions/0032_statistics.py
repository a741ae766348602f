"""Statistics of days, kept when trips are forgotten: counts and durations, nothing of anybody."""

from alembic import op

revision = "0032"
down_revision = "0031"

CHANGES = """
create table statistic_days (
    site       text not null references sites,
    day        date not null,  -- of the site's clocks
    counted_at timestamptz not null,
    primary key (site, day)
);

create table statistics (
    site      text not null,
    day       date not null,
    hour      smallint not null,
    gate      text not null,
    direction text not null,
    cargo     text not null,
    measure   text not null,
    desk      text not null,
    of        text not null,
    n         integer not null,
    total     double precision not null,  -- seconds, or VND of what was paid
    bins      jsonb not null,             -- durations: how many by bin
    primary key (site, day, hour, gate, direction, cargo, measure, desk, of),
    foreign key (site, day) references statistic_days on delete cascade
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them: what was counted of trips that are gone is gone."""
    op.execute("drop table statistics, statistic_days")
