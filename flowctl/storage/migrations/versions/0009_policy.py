"""Rules of a site in versions, and what a declaration says that they need."""

from alembic import op

revision = "0009"
down_revision = "0008"

CHANGES = """
alter table trips
    add column haulier text,
    add column weight_t real check (weight_t > 0),
    add column convoy text,
    add column standby boolean not null default false,
    add column extended_until timestamptz,  -- its driver asked for a slot no earlier than this
    add column device_since timestamptz;  -- of a later device: what it saw before does not count
create index trips_convoy on trips (site, convoy) where convoy is not null and state = 'active';

-- Every time a driver asked for more time.
create table extensions (
    id      bigint generated always as identity primary key,
    trip_id bigint not null references trips,
    at      timestamptz not null,
    until   timestamptz not null
);
create index extensions_trip on extensions (trip_id, at);

-- What an offence cost. An offence that is one too many bars the plate from registering.
create table penalties (
    id           bigint generated always as identity primary key,
    site         text not null references sites,
    trip_id      bigint not null references trips,
    plate        text not null,
    kind         text not null,
    loses_s      double precision not null check (loses_s >= 0),
    reason       text not null,
    actor        text not null,
    at           timestamptz not null,
    banned_until timestamptz,
    lifted_at    timestamptz,
    lifted_by    text
);
create index penalties_trip on penalties (trip_id);
create index penalties_plate on penalties (site, plate, at);

-- Every version of a site's rules that was loaded; rows are only added.
create table policies (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    version    text not null,
    valid_from timestamptz not null,
    definition text not null,  -- the file's text, empty where a site has none
    loaded_at  timestamptz not null,
    unique (site, version)
);

alter table plans add column policy text;  -- the version it was made by
"""


def upgrade() -> None:
    """Make the tables and columns."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; penalties and former rules are lost."""
    op.execute("""
alter table plans drop column policy;
drop table policies, penalties, extensions;
alter table trips drop column haulier, drop column weight_t, drop column convoy,
    drop column standby, drop column extended_until, drop column device_since;
""")
