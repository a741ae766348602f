"""The outbox as a sender needs it: leases, references of gateways, receipts."""

from alembic import op

revision = "0019"
down_revision = "0018"

CHANGES = """
alter table outbox
    add column urgent boolean not null default false,  -- goes first, and is never limited
    add column gathered_until timestamptz,       -- not before this moment of domain time
    add column claimed_until_wall_at timestamptz,  -- until then one sender has it in hand
    add column gateway text,                     -- which took it, or which alone may be asked
    add column unsure_since_wall_at timestamptz,  -- since when that gateway may have taken it
    add column sent_wall_at timestamptz,
    add column parts smallint,
    add column cost numeric(12, 4),              -- of all parts, null where nobody knows
    add column currency text,
    add column trouble text,                     -- why the last try failed, or why it is dead
    drop constraint outbox_state_check,
    add constraint outbox_state_check check
        (state in ('waiting', 'sent', 'superseded', 'expired', 'limited', 'dead'));
update outbox set urgent = true where state = 'waiting' and kind in
    ('call_up', 'move_up', 'no_show', 'call_over', 'stay', 'depart', 'hold', 'cancelled');
drop index outbox_waiting;
create index outbox_due on outbox (site, urgent desc, id) where state = 'waiting';
create index outbox_waiting_of_trip on outbox (trip_id, id) where state = 'waiting';
create index outbox_dead on outbox (site, id) where state = 'dead';
create index outbox_created on outbox using brin (created_at) with (pages_per_range = 16);

-- what a gateway calls the parts of a message that it took
create table sms_parts (
    gateway    text not null,
    ref        text not null,
    message_id bigint not null references outbox on delete cascade,
    part       smallint not null,
    primary key (gateway, ref)
);
create index sms_parts_message on sms_parts (message_id);

-- what a gateway says of a part, which can come before we know what it calls it
create table sms_receipts (
    gateway text not null,
    ref     text not null,
    state   text not null,
    error   text,
    at      timestamptz not null,
    primary key (gateway, ref)
);

create index sms_receipts_at on sms_receipts (at);

-- parts of a longer text from a phone, until its last one is there; number and text are encrypted
create table sms_heard_parts (
    site       text not null references sites,
    gateway    text not null,
    phone_hash bytea not null,
    ref_group  integer not null,
    total      smallint not null,
    number     smallint not null,
    cipher     bytea not null,
    at         timestamptz not null,
    acted      boolean not null default false,  -- kept for a while, as parts may come twice
    primary key (site, gateway, phone_hash, ref_group, total, number)
);
create index sms_heard_parts_at on sms_heard_parts (at);

-- null while nobody knows
create view message_delivery as
select p.message_id,
    case when bool_or(coalesce(r.state in ('EXPIRED', 'DELETED', 'UNDELIV', 'REJECTD'), false))
             then 'failed'
         when bool_and(coalesce(r.state = 'DELIVRD', false)) then 'delivered' end as delivery
from sms_parts p left join sms_receipts r using (gateway, ref) group by p.message_id;

-- how each gateway does, as the sender last saw it
create table gateway_states (
    site            text not null,
    gateway         text not null,
    state           text not null check (state in ('open', 'busy', 'away')),
    rate_per_s      real not null,
    trouble         text,
    changed_wall_at timestamptz not null,
    seen_wall_at    timestamptz not null,
    primary key (site, gateway)
);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; what was limited counts as superseded."""
    op.execute("""
drop table gateway_states;
drop view message_delivery;
drop table sms_heard_parts, sms_receipts, sms_parts;
drop index outbox_due, outbox_waiting_of_trip, outbox_dead, outbox_created;
update outbox set state = 'superseded' where state = 'limited';
alter table outbox
    drop column urgent, drop column gathered_until, drop column claimed_until_wall_at,
    drop column gateway, drop column unsure_since_wall_at, drop column sent_wall_at,
    drop column parts, drop column cost, drop column currency, drop column trouble,
    drop constraint outbox_state_check,
    add constraint outbox_state_check check
        (state in ('waiting', 'sent', 'superseded', 'expired', 'dead'));
create index outbox_waiting on outbox (next_wall_at) where state = 'waiting';
""")
