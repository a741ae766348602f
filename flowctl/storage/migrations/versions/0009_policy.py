"""Rules of a site in versions, and what a declaration says that they need."""

from alembic import op

revision = "0009"
down_revision = "0008"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make the tables."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("select 1")
