"""To be written: alarms."""

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
