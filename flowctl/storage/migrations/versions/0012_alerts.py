"""Alerts about trucks, with their evidence."""

from alembic import op

revision = "0012"
down_revision = "0011"

CHANGES = """
create table alerts (
    id            bigint generated always as identity primary key,
    site          text not null references sites,
    kind          text not null,
    severity      text not null check (severity in ('low', 'medium', 'high')),
    subject       text not null,  -- one finding of a kind about it at a time
    trip_id       bigint references trips,
    other_trip_id bigint references trips,
    device        text,
    haulier       text,
    at            timestamptz not null,  -- when it began
    found_at      timestamptz not null,
    last_seen_at  timestamptz not null,
    proved        boolean not null,  -- the evidence is a fact, not a conclusion
    evidence      jsonb not null,
    points        jsonb not null,  -- [instant, lon, lat, what] each
    state         text not null default 'open'
                  check (state in ('open', 'acknowledged', 'dismissed', 'confirmed')),
    penalty_id    bigint references penalties
);
create index alerts_subject on alerts (site, kind, subject, last_seen_at);
create index alerts_waiting on alerts (site, id) where state = 'open';

-- What people made of an alert; rows are only added.
create table alert_decisions (
    id       bigint generated always as identity primary key,
    alert_id bigint not null references alerts,
    state    text not null,
    note     text not null,
    by       text not null,
    at       timestamptz not null
);
create index alert_decisions_alert on alert_decisions (alert_id, id);

-- A truck on a scale, or by its papers: tonnes.
alter table yard_events add column weight_t real check (weight_t > 0);
alter table gate_events add column weight_t real check (weight_t > 0);
create index yard_events_recorded on yard_events (site, recorded_at);
create index gate_events_recorded on gate_events (site, recorded_at);
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; what was found out is lost."""
    op.execute("""
drop index gate_events_recorded, yard_events_recorded;
alter table gate_events drop column weight_t;
alter table yard_events drop column weight_t;
drop table alert_decisions, alerts;
""")
