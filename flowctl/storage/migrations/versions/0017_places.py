"""Places left with a former device, which an operator may give back; what is forgotten in time."""

from alembic import op

revision = "0017"
down_revision = "0016"

CHANGES = """
alter table trips
    -- the arrival that devices the trip had before proved, and from when on it counted
    add column left_arrived_at timestamptz,
    add column left_counted_at timestamptz,
    -- an operator let it count for the present device too; null: it does not
    add column device_accepted_at timestamptz;

-- Null once the number was forgotten: the trips stay a while longer.
alter table drivers alter column phone_cipher drop not null, alter column phone_hash drop not null;

-- Who refers to what is deleted.
create index trips_driver on trips (driver_id);
create index alerts_trip on alerts (trip_id);
create index alerts_other_trip on alerts (other_trip_id) where other_trip_id is not null;
create index alerts_penalty on alerts (penalty_id) where penalty_id is not null;
create index paper_entries_trip on paper_entries (trip_id);
"""


def upgrade() -> None:
    """Make the columns and indexes."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them; places that were given back are lost, and drivers whose number is forgotten."""
    op.execute("""
drop index trips_driver, alerts_trip, alerts_other_trip, alerts_penalty, paper_entries_trip;
update drivers set phone_cipher = '', phone_hash = decode(md5(id::text), 'hex')
    where phone_hash is null;
alter table drivers alter column phone_cipher set not null, alter column phone_hash set not null;
alter table trips drop column left_arrived_at, drop column left_counted_at,
    drop column device_accepted_at;
""")
