"""Alarms beside alerts, who takes care of them, and what trips are found by."""

from alembic import op

revision = "0028"
down_revision = "0027"

CHANGES = """
alter table alerts
    add place         text,         -- the gate or yard it is about
    add over_at       timestamptz,  -- since when what it says holds no more
    add assigned_to   text,         -- the account that takes care of it
    add snoozed_until timestamptz,  -- put aside until then, in domain time
    drop constraint alerts_state_check,
    add constraint alerts_state_check
        check (state in ('open', 'acknowledged', 'dismissed', 'confirmed', 'closed'));
create index alerts_standing on alerts (site, id)
    where state in ('open', 'acknowledged') and over_at is null;

-- The customs declaration, or another reference that papers name the journey by.
alter table trips add declaration text;
create index trips_declaration on trips (declaration text_pattern_ops)
    where declaration is not null;
create index trips_any_convoy on trips (convoy) where convoy is not null;
create index devices_uid_begins on devices (upper(uid) text_pattern_ops);

-- Every three letters in a row of a text, so that any part of it is found by an index that every
-- PostgreSQL has: pg_trgm is an extension that a server may not offer.
create function threes(text) returns text[] language sql immutable strict parallel safe as $$
    select array(select distinct substr($1, n, 3) from generate_series(1, length($1) - 2) as n)
$$;
create index trips_plate_parts on trips using gin (threes(plate));
"""

BACK = """
drop index trips_plate_parts, devices_uid_begins, trips_any_convoy, trips_declaration;
drop function threes(text);
alter table trips drop declaration;
drop index alerts_standing;
update alerts set state = 'dismissed' where state = 'closed';
alter table alerts drop place, drop over_at, drop assigned_to, drop snoozed_until,
    drop constraint alerts_state_check,
    add constraint alerts_state_check
        check (state in ('open', 'acknowledged', 'dismissed', 'confirmed'));
"""


def upgrade() -> None:
    """Add columns, indexes and the function they need."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; what was closed counts as dismissed."""
    op.execute(BACK)
