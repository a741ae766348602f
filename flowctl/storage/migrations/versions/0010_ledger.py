"""The order log: a chain of entries that the application can only add to."""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
-- Who a trip is in the ledger: says nothing of truck or driver once the trip's row is gone.
alter table trips add column subject uuid not null default gen_random_uuid();
create unique index trips_subject on trips (subject);

-- Each row's hash is made over all its other columns, by flowctl/ledger/chain.py.
create table ledger (
    site        text not null,
    seq         bigint not null check (seq > 0),  -- without gaps in a site
    kind        text not null,
    at          timestamptz not null,  -- when it happened
    recorded_at timestamptz not null,
    subject     uuid,  -- trips.subject; refers to nothing, so that a trip can be erased
    others      uuid[] not null,
    gate        text,
    reason      text,
    actor       text not null,
    policy      text not null,  -- the version of the site's policy
    details     json not null,  -- not jsonb: the very bytes that were hashed
    previous    bytea not null check (length(previous) = 32),
    hash        bytea not null check (length(hash) = 32),
    primary key (site, seq)
);
create index ledger_subject on ledger (subject, seq) where subject is not null;
create index ledger_recorded on ledger (site, recorded_at, seq);
create index ledger_at on ledger (site, kind, at);
create index visit_revisions_device on visit_revisions (device_id, id);
create index ledger_others on ledger using gin (others) where others <> '{}';

-- The newest row of each site; its lock is the turn of who appends.
create table ledger_heads (
    site text primary key,
    seq  bigint not null check (seq >= 0),
    hash bytea not null check (length(hash) = 32),
    at   timestamptz not null
);

-- Heads as signed (Ed25519): what the world outside may keep.
create table ledger_signatures (
    site      text not null,
    seq       bigint not null,
    hash      bytea not null check (length(hash) = 32),
    at        timestamptz not null,  -- when it was signed
    key       bytea not null check (length(key) = 32),  -- the public one
    signature bytea not null check (length(signature) = 64),
    primary key (site, seq, key)
);
create index ledger_signatures_at on ledger_signatures (site, at);

-- From when on a trip's arrival counts by the ledger; null: it was found not to have arrived.
create table ledger_arrivals (
    trip_id    bigint primary key references trips on delete cascade,
    counted_at timestamptz,
    logged_at  timestamptz not null
);
"""

GUARDS = """
create function refuse_ledger_change() returns trigger language plpgsql as $$
begin
    raise exception 'The ledger is only added to; a % of % is refused.', tg_op, tg_table_name
        using errcode = 'insufficient_privilege',
              hint = 'Record a further entry that says what is true now.';
end $$;
create trigger ledger_stands before update or delete on ledger
    for each row execute function refuse_ledger_change();
create trigger ledger_is_not_emptied before truncate on ledger
    execute function refuse_ledger_change();
create trigger ledger_signatures_stand before update or delete on ledger_signatures
    for each row execute function refuse_ledger_change();
create trigger ledger_signatures_are_not_emptied before truncate on ledger_signatures
    execute function refuse_ledger_change();
create trigger ledger_heads_stay before delete on ledger_heads
    for each row execute function refuse_ledger_change();
create trigger ledger_heads_are_not_emptied before truncate on ledger_heads
    execute function refuse_ledger_change();
create trigger ledger_heads_go_on before update on ledger_heads
    for each row when (new.site <> old.site or new.seq < old.seq)
    execute function refuse_ledger_change();
revoke update, delete, truncate on ledger, ledger_signatures from public;
revoke delete, truncate on ledger_heads from public;
"""


def upgrade() -> None:
    """Make the tables, and what refuses to change what stands in them."""
    op.execute(TABLES)
    op.execute(GUARDS)


def downgrade() -> None:
    """Nobody undoes a ledger."""
    raise NotImplementedError("Revision 0010 cannot be undone: the ledger would be lost.")
