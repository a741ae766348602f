"""How long a process's last step took, for whoever watches it."""

from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    """Keep it beside the beat."""
    op.execute("alter table heartbeats add column took_s real  -- null: not measured")


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table heartbeats drop column took_s")
