"""Second factor at login.

Revision: 0010 (after 0009)
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "second_factor",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
            comment="ID",
        ),
        sa.Column("user_id", sa.Integer(), nullable=False, comment="User"),
        sa.Column("secret", sa.String(length=200), nullable=False, comment="Secret"),
        sa.Column("confirmed_at", sa.DateTime(), nullable=True, comment="Switched on at"),
        sa.Column("last_step", sa.BigInteger(), nullable=True, comment="Last code"),
        sa.Column("recovery_hashes", sa.JSON(), nullable=False, comment="Recovery codes"),
        sa.ForeignKeyConstraint(["user_id"], ["ab_user.id"], name=op.f("fk_second_factor_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_factor")),
        sa.UniqueConstraint("user_id", name=op.f("uq_second_factor_user_id")),
        info={"distribution": "local"},
    )


def downgrade() -> None:
    op.drop_table("second_factor")
