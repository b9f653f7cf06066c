"""The change log as a chain of hashes.

Revision: 0009 (after 0008)
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

LINK = {
    "sequence": (sa.BigInteger(), "Link"),
    "previous_hash": (sa.String(64), "Hash before"),
    "hash": (sa.String(64), "Hash"),
}


def upgrade() -> None:
    """Rows that are there become links with the first sealing, in the order of their ids."""
    for name, (kind, comment) in LINK.items():
        op.add_column("change_log", sa.Column(name, kind, nullable=True, comment=comment))
    unsealed = sa.text("sequence IS NULL")
    op.create_index(
        "ix_change_log_unsealed",
        "change_log",
        ["id"],
        sqlite_where=unsealed,
        postgresql_where=unsealed,
    )
    op.create_index("ix_change_log_link", "change_log", ["company_id", "sequence"], unique=True)
    op.create_table(
        "change_chain",
        sa.Column(
            "company_id", sa.BigInteger(), autoincrement=False, nullable=False, comment="Company"
        ),
        sa.Column(
            "sequence", sa.BigInteger(), server_default="0", nullable=False, comment="Last link"
        ),
        sa.Column("hash", sa.String(length=64), server_default="", nullable=False, comment="Hash"),
        sa.Column("sealed_at", sa.DateTime(), nullable=True, comment="Sealed at"),
        sa.Column(
            "signature",
            sa.String(length=64),
            server_default="",
            nullable=False,
            comment="Signature",
        ),
        sa.Column("checked_at", sa.DateTime(), nullable=True, comment="Checked at"),
        sa.Column("checked_sequence", sa.BigInteger(), nullable=True, comment="Checked up to"),
        sa.Column("broken_at", sa.BigInteger(), nullable=True, comment="Broken at"),
        sa.PrimaryKeyConstraint("company_id", name=op.f("pk_change_chain")),
    )


def downgrade() -> None:
    op.drop_table("change_chain")
    op.drop_index("ix_change_log_link", table_name="change_log")
    op.drop_index("ix_change_log_unsealed", table_name="change_log")
    for name in reversed(LINK):
        op.drop_column("change_log", name)
