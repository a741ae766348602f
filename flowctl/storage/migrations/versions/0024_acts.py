"""Acts of operators: trucks held, pinned, swapped, brought forward; a gate's rate and hours."""

from alembic import op

revision = "0024"
down_revision = "0023"

CHANGES = """
-- What an operator decided beside the plan. Which columns say something is the kind's matter
-- (flowctl.hand.Act). waiting: another account is to approve it; standing: it counts.
create table acts (
    id            bigint generated always as identity primary key,
    site          text not null references sites,
    kind          text not null,
    state         text not null check (state in
                  ('waiting', 'standing', 'done', 'ended', 'refused', 'lapsed')),
    reason        text not null,  -- a code of the kind's list
    note          text not null default '',
    trip_id       bigint references trips on delete cascade,
    other_trip_id bigint references trips on delete cascade,
    gate          text,
    cargo         text,
    haulier       text,
    per_h         double precision check (per_h > 0),
    starts_at     timestamptz,
    ends_at       timestamptz check (ends_at > starts_at),
    effect        jsonb,  -- as it was shown before the act was done
    entered_by    text not null,
    entered_at    timestamptz not null,
    approved_by   text,
    approved_at   timestamptz,
    ended_by      text,  -- flowctl where it ran out or came to its end
    ended_at      timestamptz,
    outcome       text  -- why it is over, in a code or in the words of who ended it
);
create index acts_site on acts (site, id);
create index acts_open on acts (site) where state in ('waiting', 'standing');
create index acts_hours on acts (site) where kind = 'open_gate';
create index acts_trip on acts (trip_id) where trip_id is not null;
create index acts_other_trip on acts (other_trip_id) where other_trip_id is not null;

-- Who waits by an act's word hears why once it is over.
alter table advice add column reason text;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table acts; alter table advice drop column reason")
