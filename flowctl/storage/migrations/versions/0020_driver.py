"""What drivers answer and ask for; links that end with a changed number."""

from alembic import op

revision = "0020"
down_revision = "0019"

CHANGES = """
-- since when the number has asked for no more messages
alter table drivers add column silent_since timestamptz;
-- grows with every change of the driver's number, and ends the links sent before
alter table trips add column link_epoch smallint not null default 0;
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("""
alter table drivers drop column silent_since;
alter table trips drop column link_epoch;
""")
