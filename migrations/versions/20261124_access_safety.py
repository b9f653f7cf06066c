"""Second factor at login; idempotency keys of the REST API.

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
    op.create_table(
        "idempotency_key",
        sa.Column("access_key_id", sa.Integer(), nullable=False, comment="Access key"),
        sa.Column("key", sa.String(length=100), nullable=False, comment="Idempotency key"),
        sa.Column(
            "request_hash", sa.String(length=64), nullable=False, comment="Hash of the request"
        ),
        sa.Column("status", sa.SmallInteger(), nullable=False, comment="Status"),
        sa.Column("response", sa.JSON(), nullable=False, comment="Response"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.ForeignKeyConstraint(
            ["access_key_id"], ["ab_api_key.id"], name=op.f("fk_idempotency_key_access_key_id")
        ),
        sa.PrimaryKeyConstraint("access_key_id", "key", name=op.f("pk_idempotency_key")),
        info={"distribution": "local"},
    )
    with op.batch_alter_table("idempotency_key") as batch:
        batch.create_index(batch.f("ix_idempotency_key_created_at"), ["created_at"])


def downgrade() -> None:
    op.drop_table("idempotency_key")
    op.drop_table("second_factor")
