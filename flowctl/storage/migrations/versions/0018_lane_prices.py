"""What a place would have saved, by lane class where a gate has several."""

from alembic import op

revision = "0018"
down_revision = "0017"

CHANGES = """
-- '' where the gate's lanes are for every truck
alter table slot_prices add column lane_class text not null default '',
    drop constraint slot_prices_pkey, add primary key (plan_id, gate, lane_class, starts_at);
"""


def upgrade() -> None:
    """Add the column to the key."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Keep the dearest class of each gate."""
    op.execute("""
delete from slot_prices using slot_prices as dearer where dearer.plan_id = slot_prices.plan_id
    and dearer.gate = slot_prices.gate and dearer.starts_at = slot_prices.starts_at
    and (dearer.price, dearer.lane_class) > (slot_prices.price, slot_prices.lane_class);
alter table slot_prices drop constraint slot_prices_pkey, drop column lane_class,
    add primary key (plan_id, gate, starts_at);
""")
