"""When a source was last heard, for whoever looks which one has stopped."""

from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    """Keep it beside what is counted of its fixes."""
    op.execute(
        "alter table ingest_counts add column heard_at timestamptz"
        "  -- when the source's newest fix so far had come in; null: nobody wrote it down"
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("alter table ingest_counts drop column heard_at")
