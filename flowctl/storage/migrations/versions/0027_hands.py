"""To be written: hands."""

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    """Make them."""


def downgrade() -> None:
    """Drop them."""
