"""Visits with their evidence and trust, versions of zones, what yards see."""

from alembic import op

revision = "0004"
down_revision = "0003"

CHANGES = """
alter table visits
    add column counted_at timestamptz,  -- from when on it is proved; null: from entered_at on
    add column crossed boolean not null default false,  -- seen only from a line across the zone
    add column evidence jsonb not null default '{}',  -- its fixes: [microseconds, source] each
    add column silent_s double precision not null default 0,  -- longest beyond what is tolerated
    add column exit_gap_s double precision;  -- between the last fix within and the first outside
create index visits_zone on visits (zone, entered_at);

-- What was said of a visit before later knowledge changed it.
create table visit_revisions (
    id        bigint generated always as identity primary key,
    visit_id  uuid not null,
    device_id integer not null,
    known_at  timestamptz not null,
    why       text not null check (why in ('late_fix', 'zone_changed')),
    withdrawn boolean not null,  -- it never was
    said      jsonb not null
);
create index visit_revisions_visit on visit_revisions (visit_id, id);

-- Every outline a zone has had; the bounds are null where they are open.
create table zone_versions (
    site        text not null references sites,
    zone        text not null,
    valid_from  timestamptz,
    valid_until timestamptz check (valid_until > valid_from),
    feature     jsonb not null
);
create unique index zone_versions_one on zone_versions (site, zone, valid_from) nulls not distinct;
create unique index zone_versions_open on zone_versions (site, zone) where valid_until is null;

-- What a yard says of a truck that came: a second word beside its tracker's.
create table yard_events (
    id          bigint generated always as identity primary key,
    site        text not null references sites,
    yard        text not null,
    plate       text not null,
    at          timestamptz not null,
    recorded_by text not null,
    recorded_at timestamptz not null,
    unique (site, yard, plate, at)
);
create index yard_events_plate on yard_events (plate, yard, at);

-- When a stay counts from. Fixes that came in late prove it by a second word only: that of another
-- device of the truck, seen in time, or of the yard. A yard's clock and gate are off by 15 minutes
-- at most.
create view arrivals as
    select v.*,
        case when v.counted_at is null then v.entered_at
        else least(v.counted_at, greatest(v.entered_at, least(
            coalesce((
                select min(o.entered_at)
                from device_trucks mine
                join device_trucks other on other.plate = mine.plate
                    and other.device_id <> mine.device_id
                join visits o on o.device_id = other.device_id and o.zone = v.zone
                    and o.counted_at is null and not o.seen_inside
                where mine.device_id = v.device_id
                    and mine.since <= v.confirmed_at
                    and coalesce(mine.until, 'infinity') > v.entered_at
                    and other.since <= o.confirmed_at
                    and coalesce(other.until, 'infinity') > o.entered_at
                    and o.entered_at <= coalesce(v.left_at, 'infinity')
                    and coalesce(o.left_at, 'infinity') >= v.entered_at
            ), 'infinity'),
            coalesce((
                select min(e.at) from yard_events e
                where e.yard = v.zone
                    and e.at >= v.entered_at - interval '15 minutes'
                    and e.at <= coalesce(v.left_at, 'infinity')
                    and e.plate in (
                        select plate from device_trucks d where d.device_id = v.device_id
                            and d.since <= v.confirmed_at
                            and coalesce(d.until, 'infinity') > v.entered_at
                        union all
                        select plate from trips t where t.device_id = v.device_id
                            and t.registered_at <= coalesce(v.left_at, 'infinity')
                            and coalesce(t.ended_at, 'infinity') >= v.entered_at)
            ), 'infinity')
        ))) end as counts_at
    from visits v;

-- States are kept in another form: devices near a zone are judged anew at their next fix.
update tracks set visit_state = '{}' where visit_state is not null;
"""


def upgrade() -> None:
    """Change the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """States of the former form cannot be made again."""
    raise NotImplementedError("Revision 0004 cannot be undone; restore the backup made before it.")
