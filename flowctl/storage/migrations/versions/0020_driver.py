"""What drivers answer and ask for; links that end with a changed number."""

from alembic import op

revision = "0020"
down_revision = "0019"

CHANGES = """
-- since when the number has asked for no more messages, and when it was last sent a line of help
alter table drivers add column silent_since timestamptz, add column helped_at timestamptz;
-- grows with every change of the driver's number, and ends the links sent before
alter table trips add column link_epoch smallint not null default 0
    check (link_epoch between 0 and 63);
create table former_drivers (
    trip_id   bigint not null references trips on delete cascade,
    driver_id bigint not null references drivers on delete cascade,
    until     timestamptz not null,
    primary key (trip_id, driver_id)
);
create index former_drivers_driver on former_drivers (driver_id);
-- those that a driver has and those that he had
create view trips_of_drivers as
    select driver_id, state, ended_at from trips
    union all
    select f.driver_id, t.state, t.ended_at from former_drivers f join trips t on t.id = f.trip_id;

-- of the slot told last: its driver accepted it; its driver comes late, but by then
alter table slots add column accepted_at timestamptz, add column late_until timestamptz;
-- where the driver chose the place: it starts at until
alter table extensions add column gate text;
-- places that the newest plan left free, less those that drivers chose since
create table free_places (
    site         text not null references sites,
    gate         text not null,
    lane_class   text not null,  -- '' where the gate's lanes are for every truck
    starts_at    timestamptz not null,
    plan_id      bigint not null references plans,
    free         integer not null,
    haulier_most integer not null,
    primary key (site, gate, lane_class, starts_at)
);

-- what a page sent, so that what is sent again acts once; digest of the act and its body
create table driver_acts (
    trip_id bigint not null references trips on delete cascade,
    key     uuid not null,
    digest  bytea not null,
    at      timestamptz not null,
    primary key (trip_id, key)
);

create table sms_answers (
    id         bigint generated always as identity primary key,
    site       text not null references sites,
    gateway    text not null,
    ref        text,
    phone_hash bytea not null,
    trip_id    bigint references trips on delete set null,
    cipher     bytea not null,
    wish       text,
    outcome    text not null,
    at         timestamptz not null,
    unique (site, gateway, ref)
);
create index sms_answers_phone on sms_answers (phone_hash, at);
create index sms_answers_trip on sms_answers (trip_id);
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("""
drop view trips_of_drivers;
drop table free_places, sms_answers, driver_acts, former_drivers;
alter table extensions drop column gate;
alter table slots drop column accepted_at, drop column late_until;
alter table trips drop column link_epoch;
alter table drivers drop column silent_since, drop column helped_at;
""")
