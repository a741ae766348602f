"""To be written: bulletin."""

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
