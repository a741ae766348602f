"""To be written: zones."""

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
