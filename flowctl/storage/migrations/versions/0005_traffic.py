"""Nothing yet."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Change nothing."""


def downgrade() -> None:
    """Change nothing back."""
