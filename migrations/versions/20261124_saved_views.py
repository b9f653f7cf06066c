"""Saved views of lists.

Revision: 0008 (after 0007)
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("company_id", BIG_ID, nullable=True, comment="Company"),
        sa.Column("owner_id", sa.Integer(), nullable=False, comment="Owner"),
        sa.Column("list_name", sa.String(length=60), nullable=False, comment="List"),
        sa.Column("name", sa.String(length=60), nullable=False, comment="Name of the view"),
        sa.Column("query", sa.JSON(), nullable=False, comment="Arguments"),
        sa.Column("is_shared", sa.Boolean(), nullable=False, comment="Shared"),
        sa.Column("id", BIG_ID, nullable=False, comment="ID"),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False, comment="Version"),
        sa.Column("created_at", sa.DateTime(), nullable=False, comment="Created at"),
        sa.Column("created_by", sa.Integer(), nullable=True, comment="Created by"),
        sa.Column("updated_at", sa.DateTime(), nullable=False, comment="Last changed at"),
        sa.Column("updated_by", sa.Integer(), nullable=True, comment="Last changed by"),
        sa.ForeignKeyConstraint(
            ["company_id"], ["company.id"], name=op.f("fk_saved_view_company_id_company")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["ab_user.id"], name=op.f("fk_saved_view_owner_id_ab_user")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint(
            "owner_id", "list_name", "name", name=op.f("uq_saved_view_owner_id_list_name_name")
        ),
    )
    op.create_index("ix_saved_view_shared", "saved_view", ["company_id", "list_name"])
    op.create_table(
        "default_view",
        sa.Column("user_id", sa.Integer(), nullable=False, comment="User ID"),
        sa.Column("list_name", sa.String(length=60), nullable=False, comment="List"),
        sa.Column("view_id", BIG_ID, nullable=False, comment="Saved view"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["ab_user.id"], name=op.f("fk_default_view_user_id_ab_user")
        ),
        sa.ForeignKeyConstraint(
            ["view_id"],
            ["saved_view.id"],
            name=op.f("fk_default_view_view_id_saved_view"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "list_name", name=op.f("pk_default_view")),
    )
    op.create_index(op.f("ix_default_view_view_id"), "default_view", ["view_id"])


def downgrade() -> None:
    op.drop_table("default_view")
    op.drop_table("saved_view")
