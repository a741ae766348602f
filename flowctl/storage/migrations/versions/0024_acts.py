"""To be written: acts."""

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
