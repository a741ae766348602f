"""To be written: people."""

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
