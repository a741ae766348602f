"""States amid long stays, so that a late fix need not have the whole stay read back."""

from alembic import op

revision = "0008"
down_revision = "0007"

CHANGES = """
create table visit_checkpoints (
    device_id integer not null,
    at        timestamptz not null,  -- of the newest fix the state knows of
    state     jsonb not null,
    primary key (device_id, at)
);
create index visit_checkpoints_at on visit_checkpoints (at);
"""


def upgrade() -> None:
    """Make the table."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop the table: what it holds is found from the fixes again, as far as they are kept."""
    op.execute("drop table visit_checkpoints")
