"""Sources with several tokens and limits, the registry of devices, leases of partitions."""

from alembic import op

revision = "0002"
down_revision = "0001"

CHANGES = """
alter table sources
    add column enrols boolean not null default false,  -- may enter devices of its own
    add column screening jsonb not null default '{}',  -- its limits in place of the site's
    add column rate_per_s real check (rate_per_s > 0);  -- fixes a second; null: no limit
-- Until now every source's devices were entered at first sight.
update sources set enrols = true;

create table source_tokens (
    token_hash      bytea primary key,  -- sha-256
    source_id       smallint not null references sources on delete cascade,
    device_uid      text,  -- null: speaks for every device of the source
    created_wall_at timestamptz not null default now(),
    expires_wall_at timestamptz  -- null: until withdrawn
);
create index source_tokens_source on source_tokens (source_id);
insert into source_tokens (token_hash, source_id) select token_hash, id from sources;
alter table sources drop column token_hash;

alter table devices
    add column source_id smallint references sources,  -- who alone speaks for it; null: anybody
    add column rebound_wall_at timestamptz;  -- when that was changed, for those who remember it
create index devices_rebound on devices (rebound_wall_at) where rebound_wall_at is not null;

-- Which truck carries a device, and when. Overlaps are reported, not refused: they are evidence.
create table device_trucks (
    id          bigint generated always as identity primary key,
    device_id   integer not null references devices,
    plate       text not null,
    since       timestamptz not null,
    until       timestamptz check (until > since),  -- null while it lasts
    is_primary  boolean not null default true,
    assigned_by text not null
);
create index device_trucks_device on device_trucks (device_id, since);
create index device_trucks_plate on device_trucks (plate, since);

alter table fixes_aside
    add column partition smallint not null default 0,
    add column released_at timestamptz;  -- when it was taken in after all
drop index fixes_aside_reason;
create index fixes_aside_reason on fixes_aside (reason, received_at);
create index fixes_aside_source on fixes_aside (source_id, received_at);
create index fixes_aside_waiting on fixes_aside (partition, reason, device_uid, fixed_at)
    where released_at is null and reason in ('future', 'unknown_device');

-- newest_at: no fix of this partition's devices is stored later than this.
alter table stream_positions
    add column owner text,
    add column lease_until_wall_at timestamptz,
    add column newest_at timestamptz not null default '-infinity';
update stream_positions
    set newest_at = coalesce((select max(fixed_at) from fixes), '-infinity');

-- Null: watched on its way, but in no zone so far, so that there is no state of visits.
alter table tracks alter column visit_state drop not null;

create table ingest_workers (
    name         text primary key,
    beat_wall_at timestamptz not null
);
"""


def upgrade() -> None:
    """Change the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Positions cannot be taken back to one token a source."""
    raise NotImplementedError("Revision 0002 cannot be undone; restore the backup made before it.")
