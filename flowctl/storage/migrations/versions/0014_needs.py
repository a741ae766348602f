"""What a truck needs at its gate, and which trucks lost places to others of higher priority."""

from alembic import op

revision = "0014"
down_revision = "0013"

CHANGES = """
alter table trips
    add column needs text;  -- the kind of bay it must be screened in; null: any place will do

-- For the places each truck lost so far, counted at every tick: few entries of many.
create index ledger_priority on ledger (site, at)
    where kind = 'overtook' and reason = 'priority';
"""


def upgrade() -> None:
    """Add the column and the index."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop index ledger_priority; alter table trips drop column needs")
