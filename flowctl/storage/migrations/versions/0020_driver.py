"""What drivers answer and ask for; links that end with a changed number."""

from alembic import op

revision = "0020"
down_revision = "0019"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
