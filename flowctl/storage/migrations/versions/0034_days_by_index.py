"""Days found by an index: what a running day comes to is counted while somebody waits for it."""

from alembic import op

revision = "0034"
down_revision = "0033"

CHANGES = """
create index trips_registered on trips (site, registered_at);
create index trip_stages_decided on trip_stages (site, since)
    where state in ('confirmed', 'refused');
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index trips_registered, trip_stages_decided")
