"""Closures of gates, what drivers heard that was no slot, and the prices of slots."""

from alembic import op

revision = "0011"
down_revision = "0010"

CHANGES = """
-- Entered by people; what flowctl finds out by itself is in gate_states.
create table closures (
    id          bigint generated always as identity primary key,
    site        text not null references sites,
    gate        text not null,
    starts_at   timestamptz not null,
    ends_at     timestamptz check (ends_at > starts_at),  -- null: nobody knows
    places_left integer not null default 0 check (places_left >= 0),  -- 0: nothing passes
    reason      text not null,
    entered_by  text not null,
    changed_at  timestamptz not null,  -- entered, or given another end
    ended_by    text  -- who ended it before its time
);
create index closures_site on closures (site, starts_at);

-- The last word to a driver where it was no slot: stay in the yard, do not depart, no slot yet.
create table advice (
    trip_id bigint primary key references trips,
    kind    text not null check (kind in ('hold', 'stay', 'no_slot')),
    gate    text not null,
    at      timestamptz not null
);

-- What one more place would have saved, in the plan's unit of cost; no row is nothing.
create table slot_prices (
    plan_id   bigint not null references plans on delete cascade,
    gate      text not null,
    starts_at timestamptz not null,
    price     bigint not null check (price > 0),
    primary key (plan_id, gate, starts_at)
);
create index plans_site on plans (site, id);

-- A truck is called to the gate, or first to an in-gate yard; why a call-up was not followed.
alter table releases add column to_yard text, add column ended text;

-- The slot came by an exchange with another driver.
alter table slots add column swapped boolean not null default false;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute(
        "drop table closures, advice, slot_prices; drop index plans_site"
        "; alter table releases drop column to_yard, drop column ended"
        "; alter table slots drop column swapped"
    )
