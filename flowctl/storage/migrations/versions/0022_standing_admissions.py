"""Which admissions at a gate stand, said once for all who ask."""

from alembic import op

revision = "0022"
down_revision = "0021"

CHANGES = """
-- Admissions that no later refusal at the same gate took back, whatever was marked beside them.
create view standing_admissions as
select trip_id, gate, at, decided_by from gate_decisions d
where kind = 'admitted' and not exists (
    select from gate_decisions later where later.trip_id = d.trip_id and later.gate = d.gate
    and later.kind = 'refused' and later.at > d.at);
"""


def upgrade() -> None:
    """Make the view."""
    op.execute(CHANGES)


def downgrade() -> None:
    """Drop it."""
    op.execute("drop view standing_admissions")
