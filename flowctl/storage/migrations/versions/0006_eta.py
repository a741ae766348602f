"""Nothing yet."""

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Change nothing."""


def downgrade() -> None:
    """Change nothing back."""
