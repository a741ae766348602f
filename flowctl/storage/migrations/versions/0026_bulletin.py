"""The waits that were promised and what came of them, and the bulletin of each day."""

from alembic import op

revision = "0026"
down_revision = "0025"

CHANGES = """
-- What the board promised who came at a moment; seconds count while the gate is open.
create table wait_promises (
    site   text not null,
    gate   text not null,
    at     timestamptz not null,
    low_s  real not null,  -- before calibration: 80 % by what is believed of the gate
    mid_s  real not null,
    high_s real not null,
    levels real[] not null check (cardinality(levels) = 3),  -- where the shown bounds lie
    p10    timestamptz not null,  -- as promised
    p50    timestamptz not null,
    p90    timestamptz not null,
    primary key (site, gate, at)
);

-- What came of it: trucks that arrived while a promise stood. kept is null until it is known.
create table wait_outcomes (
    trip_id     bigint primary key references trips on delete cascade,
    site        text not null,
    gate        text not null,
    promised_at timestamptz not null,
    arrived_at  timestamptz not null,
    passed_at   timestamptz,
    kept        boolean
);
create index wait_outcomes_open on wait_outcomes (site) where passed_at is null;
create index wait_outcomes_arrived on wait_outcomes (site, arrived_at);

-- A day's figures, never changed once made: where late facts say otherwise a further version tells
-- what did change.
create table bulletins (
    site    text not null,
    day     date not null,
    version integer not null check (version > 0),
    made_at timestamptz not null,
    figures json not null,
    changed json not null,
    primary key (site, day, version)
);

-- A bulletin to be sent by mail. Addresses are the settings'; who has it stands as a keyed hash.
create table bulletin_mails (
    id           bigint generated always as identity primary key,
    site         text not null,
    day          date not null,
    version      integer not null,
    state        text not null default 'waiting' check (state in ('waiting', 'sent', 'dead')),
    attempts     integer not null default 0,
    next_wall_at timestamptz not null default now(),
    sent_wall_at timestamptz,
    reached      bytea[] not null default '{}',
    trouble      text,
    foreign key (site, day, version) references bulletins
);
create index bulletin_mails_due on bulletin_mails (site, next_wall_at) where state = 'waiting';
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table bulletin_mails, bulletins, wait_outcomes, wait_promises")
