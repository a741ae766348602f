"""The first tables: sites, telemetry, visits, registry, plans, outbox, accounts, jobs.

Instants are domain time unless the column is named ``wall_at``.
"""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create table sites (
    id        text primary key,
    loaded_at timestamptz not null,
    definition jsonb not null  -- {"toml": …, "zones": …, "roads": …}: the files' texts, as loaded
);

create table sources (
    id         smallint generated always as identity primary key,
    name       text not null unique,
    token_hash bytea not null unique  -- sha-256 of the bearer token
);

create table devices (
    id  integer generated always as identity primary key,
    uid text not null unique
);

-- Made a hypertable or partitioned by day below, by what the server can do.
create table fixes (
    device_id   integer not null,
    source_id   smallint not null,
    fixed_at    timestamptz not null,
    received_at timestamptz not null,
    lon         double precision not null,
    lat         double precision not null,
    speed_mps   real,
    heading_deg real,
    altitude_m  real,
    accuracy_m  real,
    ignition    boolean
) {partitioned};
create unique index fixes_identity on fixes (device_id, fixed_at, source_id);

create table fixes_aside (
    id          bigint generated always as identity primary key,
    source_id   smallint not null,
    received_at timestamptz not null,
    reason      text not null,
    device_uid  text,
    fixed_at    timestamptz,
    raw         bytea not null
);
create index fixes_aside_reason on fixes_aside (reason, received_at);

-- outcome: stored, duplicate, or a reason of fixes_aside
create table ingest_counts (
    day       date not null,
    source_id smallint not null,
    outcome   text not null,
    n         bigint not null,
    primary key (day, source_id, outcome)
);

-- Advanced by compare-and-set in the transaction that stores what was read.
create table stream_positions (
    partition smallint primary key,
    last_id   text not null default '0-0',
    epoch     bigint not null default 0
);

-- The newest fix of a device, and where its visits stand.
create table tracks (
    device_id   integer primary key,
    fixed_at    timestamptz not null,
    received_at timestamptz not null,
    lon         double precision not null,
    lat         double precision not null,
    speed_mps   real,
    heading_deg real,
    ignition    boolean,
    visit_state jsonb not null
);

create table visits (
    id          uuid primary key,
    device_id   integer not null,
    zone        text not null,
    role        text not null,
    gate        text,
    entered_at  timestamptz not null,
    confirmed_at timestamptz not null,
    left_at     timestamptz,
    seen_inside boolean not null,  -- first seen already inside: a presence, not an arrival
    received_at timestamptz not null,  -- when the fix that confirmed it reached us
    revision    integer not null default 1
);
create index visits_device on visits (device_id, entered_at);
create index visits_open on visits (zone) where left_at is null;
-- What reaches into a trip: the visits of its device that had not ended when it was registered.
create index visits_device_until on visits (device_id, coalesce(left_at, 'infinity'::timestamptz));
create index visits_gate on visits (entered_at) where role in ('queue', 'lane', 'beyond');

create table drivers (
    id           bigint generated always as identity primary key,
    phone_cipher bytea not null,
    phone_hash   bytea not null unique,
    language     text not null check (language in ('vi', 'zh', 'en'))
);

create table trips (
    id            bigint generated always as identity primary key,
    site          text not null references sites,
    plate         text not null,
    driver_id     bigint not null references drivers,
    device_id     integer references devices,
    direction     text not null check (direction in ('export', 'import')),
    cargo         text not null check (cargo in ('normal', 'reefer', 'perishable')),
    gates         text[] not null check (cardinality(gates) > 0),
    ready_at      timestamptz not null,
    registered_at timestamptz not null,
    registered_by text not null,
    state         text not null default 'active'
                  check (state in ('active', 'cleared', 'cancelled')),
    ended_at      timestamptz
);
create unique index trips_one_active_per_plate on trips (plate) where state = 'active';
create unique index trips_one_active_per_device on trips (device_id) where state = 'active';
create index trips_device on trips (device_id, registered_at);
create index trips_ended on trips (site, ended_at);

create table plans (
    id         bigint generated always as identity primary key,
    site       text not null,
    planned_at timestamptz not null,
    status     text not null,
    trips      integer not null,
    unserved   integer not null,
    cost       bigint not null,
    bound      bigint not null,
    inversions integer not null,
    solve_s    real not null
);

-- The slot a driver was told; its former values are in slot_changes.
create table slots (
    trip_id   bigint primary key references trips,
    gate      text not null,
    starts_at timestamptz not null,
    plan_id   bigint not null references plans,
    told_at   timestamptz not null
);
create index slots_gate on slots (gate, starts_at);

create table slot_changes (
    id        bigint generated always as identity primary key,
    trip_id   bigint not null references trips,
    gate      text not null,
    starts_at timestamptz not null,
    reason    text not null,
    plan_id   bigint not null references plans,
    at        timestamptz not null
);
create index slot_changes_trip on slot_changes (trip_id, id);

create table releases (
    id          bigint generated always as identity primary key,
    trip_id     bigint not null references trips,
    gate        text not null,
    yard        text not null,
    released_at timestamptz not null,
    expires_at  timestamptz not null
);
create index releases_trip on releases (trip_id, id);

-- What officers saw at a gate of trucks that no device shows: imports, and trucks without GPS.
create table gate_events (
    id          bigint generated always as identity primary key,
    site        text not null references sites,
    gate        text not null,
    direction   text not null check (direction in ('export', 'import')),
    kind        text not null check (kind in ('entered', 'cleared')),
    truck       text not null,  -- the officer's mark of it: pairs an entry with its clearance
    at          timestamptz not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    unique (site, gate, truck, kind, at)
);
create index gate_events_at on gate_events (site, gate, at);

create table gate_states (
    site           text not null,
    gate           text not null,
    at             timestamptz not null,
    capacity_per_h real not null,
    capacity_low   real not null,
    capacity_high  real not null,
    n_target       real not null,
    in_transit     integer not null,
    queued         integer not null,
    in_lane        integer not null,
    waiting        integer not null,
    primary key (site, gate, at)
);

create table outbox (
    id            bigint generated always as identity primary key,
    site          text not null,
    trip_id       bigint not null references trips,
    kind          text not null,
    params        jsonb not null,  -- ids and instants: names and numbers are resolved when sent
    created_at    timestamptz not null,
    expires_at    timestamptz,
    state         text not null default 'waiting'
                  check (state in ('waiting', 'sent', 'superseded', 'expired', 'dead')),
    attempts      integer not null default 0,
    next_wall_at  timestamptz not null default now(),
    sent_at       timestamptz
);
create index outbox_waiting on outbox (next_wall_at) where state = 'waiting';
create index outbox_trip on outbox (trip_id, id);

create table accounts (
    name          text primary key,
    role          text not null
                  check (role in ('operator', 'officer', 'planner', 'haulier', 'administrator')),
    password_hash text not null
);

create table sessions (
    token_hash      bytea primary key,
    account         text not null references accounts on delete cascade,
    created_wall_at timestamptz not null,
    expires_wall_at timestamptz not null
);

create table jobs (
    id         bigint generated always as identity primary key,
    site       text not null,
    request    jsonb not null,
    state      text not null default 'waiting'
               check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
    progress   real not null default 0,
    result     jsonb,
    error      text,
    created_by text not null,
    created_wall_at timestamptz not null default now(),
    beat_wall_at    timestamptz
);

create table heartbeats (
    process text primary key,
    at      timestamptz not null,
    wall_at timestamptz not null
);
"""


def upgrade() -> None:
    """Make the tables; ``fixes`` by what the server can do."""
    # The extension's files alone are not enough: its loader must be preloaded, which this
    # setting of the loader shows, or the extension be there already.
    timescale = op.get_bind().exec_driver_sql(
        "select current_setting('timescaledb.disable_load', true) is not null"
        " or exists (select from pg_extension where extname = 'timescaledb')"
    )
    if timescale.scalar_one():
        op.execute("create extension if not exists timescaledb")
        op.execute(TABLES.replace("{partitioned}", ""))
        op.execute(
            "select create_hypertable('fixes', 'fixed_at',"
            " chunk_time_interval => interval '1 day', create_default_indexes => false)"
        )
    else:
        op.execute(TABLES.replace("{partitioned}", "partition by range (fixed_at)"))


def downgrade() -> None:
    """There is nothing before the beginning."""
    raise NotImplementedError("Revision 0001 is the first; drop the database instead.")
