"""Proof of a driver's phone, push, and what officers decide at a gate."""

from alembic import op

revision = "0021"
down_revision = "0020"

CHANGES = """
-- Browsers that may act for a trip: the first that opened its link, others by a code sent to it.
create table claims (
    token_hash   bytea primary key,  -- sha-256 of the browser's cookie
    trip_id      bigint not null references trips on delete cascade,
    epoch        integer not null,  -- of the trip's link: with a new one the claim ends
    by_code      boolean not null,
    made_wall_at timestamptz not null
);
create unique index claims_first on claims (trip_id, epoch) where not by_code;
create index claims_trip on claims (trip_id, epoch);

-- Codes sent to a number. The digits are derived from the id and stand nowhere.
create table logins (
    id           uuid primary key,
    driver_id    bigint not null references drivers on delete cascade,
    made_wall_at timestamptz not null,
    used_wall_at timestamptz
);
create index logins_driver on logins (driver_id, made_wall_at);

-- Where browsers are told of a trip's messages: address and keys, encrypted.
create table push_subscriptions (
    trip_id       bigint not null references trips on delete cascade,
    epoch         integer not null,
    endpoint_hash bytea not null,
    cipher        bytea not null,
    made_wall_at  timestamptz not null,
    primary key (trip_id, endpoint_hash)
);

-- What officers decided at a gate, as their page sent it: each id counts once.
create table gate_decisions (
    id          uuid primary key,
    site        text not null,
    gate        text not null,
    trip_id     bigint references trips on delete cascade,
    plate       text not null,
    kind        text not null check (kind in ('admitted', 'refused', 'early', 'late')),
    reason      text,
    at          timestamptz not null,
    decided_by  text not null,
    recorded_at timestamptz not null
);
create index gate_decisions_at on gate_decisions (site, gate, at);
create index gate_decisions_trip on gate_decisions (trip_id);

-- A driver's phone that stands in for a tracker, so that nobody takes it for one.
alter table devices add is_phone boolean not null default false;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("alter table devices drop is_phone")
    op.execute("drop table gate_decisions, push_subscriptions, logins, claims")
