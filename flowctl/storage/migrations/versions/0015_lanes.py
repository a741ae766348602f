"""Lanes that change class: how a plan shares out the places of gates whose lanes may."""

from alembic import op

revision = "0015"
down_revision = "0014"

CHANGES = """
alter table plans
    -- from starts_at on so many places of a gate are those of a lane class:
    -- [{"gate", "lane_class", "starts_at", "places"}]; null where the site has no such lanes
    add column lanes jsonb;
"""


def upgrade() -> None:
    """Add the column."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table plans drop column lanes")
