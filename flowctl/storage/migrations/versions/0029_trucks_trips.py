"""All trips of one truck, ended ones too, without reading through everybody's."""

from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    """Make the index."""
    op.execute("create index trips_plate on trips (plate, registered_at)")


def downgrade() -> None:
    """Drop it."""
    op.execute("drop index trips_plate")
