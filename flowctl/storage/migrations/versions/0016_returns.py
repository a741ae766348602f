"""Trips whose truck comes back: within how long after it crossed."""

from alembic import op

revision = "0016"
down_revision = "0015"

CHANGES = """
alter table trips
    -- hours after crossing within which the truck must be back; null: it does not come back,
    -- or nobody minds when
    add column returns_within_h double precision
        check (returns_within_h > 0 and returns_within_h < 'infinity');

-- Trucks on the other side that are still to come back: few of many.
create index trips_returning on trips (site, ended_at)
    where returns_within_h is not null and state = 'cleared';
"""


def upgrade() -> None:
    """Add the column and the index."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index trips_returning; alter table trips drop column returns_within_h")
