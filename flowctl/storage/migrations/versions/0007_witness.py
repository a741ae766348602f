"""Which sources may say what passes at gates: none until an administrator says so."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the right; a source that told gate events so far needs it given."""
    op.execute("alter table sources add column witnesses boolean not null default false")


def downgrade() -> None:
    """Drop it: every source may tell again."""
    op.execute("alter table sources drop column witnesses")
