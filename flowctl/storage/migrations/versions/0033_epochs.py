"""Who controls a site, in epochs; and from which node of the store a partition was read."""

from alembic import op

revision = "0033"
down_revision = "0032"

CHANGES = """
create table controller_epochs (
    site                text primary key references sites,
    epoch               bigint not null,  -- grows with every change of hands, and never falls
    holder              text,             -- null: nobody, the last one ended in good order
    lease_until_wall_at timestamptz,
    taken_wall_at       timestamptz not null
);

-- Ids of a partition's entries are compared on one node only: another may know fewer of them.
alter table stream_positions add column read_from text not null default '';
"""


def upgrade() -> None:
    """Make them."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop them."""
    op.execute("drop table controller_epochs; alter table stream_positions drop column read_from")
