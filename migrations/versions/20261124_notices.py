"""Notices, and where each person wants them.

Revision: 0006 (after 0005)
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

LOCAL = {"distribution": "local"}


def id_column(name: str, comment: str, *, nullable: bool = False) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=nullable, comment=comment)


def code(name: str, comment: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(24), nullable=False, comment=comment)


def user_id() -> sa.Column[int]:
    return sa.Column(
        "user_id", sa.Integer(), nullable=False, autoincrement=False, comment="Recipient"
    )


def moment(name: str, comment: str, *, nullable: bool = True) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(), nullable=nullable, comment=comment)


def upgrade() -> None:
    op.create_table(
        "notice",
        id_column("id", "ID"),
        id_column("company_id", "Company", nullable=True),
        user_id(),
        code("kind", "Kind"),
        sa.Column("key", sa.String(120), nullable=False, comment="Key"),
        sa.Column("params", sa.JSON(), nullable=False, comment="Values"),
        sa.Column("endpoint", sa.String(80), nullable=True, comment="Page"),
        sa.Column("endpoint_values", sa.JSON(), nullable=False, comment="Values of the page"),
        sa.Column("in_portal", sa.Boolean(), nullable=False, comment="In the portal"),
        code("outside", "Outside the portal"),
        moment("created_at", "Time", nullable=False),
        moment("read_at", "Read at"),
        sa.Column("handed_out_on", sa.Date(), nullable=True, comment="Handed out on"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_notice_user_id_key")),
        info=LOCAL,
    )
    op.create_index("ix_notice_inbox", "notice", ["user_id", "read_at", "id"])
    op.create_index("ix_notice_outside", "notice", ["outside", "handed_out_on", "id"])
    op.create_table(
        "notice_setting",
        user_id(),
        code("kind", "Kind"),
        sa.Column("in_portal", sa.Boolean(), nullable=False, comment="In the portal"),
        code("outside", "Outside the portal"),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notice_setting")),
        info=LOCAL,
    )
    op.create_table(
        "notice_preference",
        user_id(),
        sa.Column("locale", sa.String(5), nullable=False, comment="Language"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notice_preference")),
        info=LOCAL,
    )
    op.create_table(
        "notice_channel",
        id_column("id", "ID"),
        id_column("company_id", "Company", nullable=True),
        user_id(),
        code("kind", "Service"),
        sa.Column("sealed", sa.String(2000), nullable=False, comment="Sealed address"),
        sa.Column("shown", sa.String(120), nullable=False, comment="Address"),
        sa.Column("is_active", sa.Boolean(), nullable=False, comment="In use"),
        moment("created_at", "Created at", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_channel")),
        info=LOCAL,
    )
    op.create_index("ix_notice_channel_user", "notice_channel", ["user_id", "id"])
    op.create_table(
        "notice_delivery",
        id_column("id", "ID"),
        user_id(),
        id_column("channel_id", "Address"),
        id_column("notice_id", "Notice", nullable=True),
        sa.Column("digest_on", sa.Date(), nullable=True, comment="Day of the digest"),
        code("state", "State"),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="Attempts"),
        moment("due_at", "Due at", nullable=False),
        moment("claimed_at", "Taken up at"),
        moment("sent_at", "Sent at"),
        sa.Column("error", sa.String(300), nullable=True, comment="Error"),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notice_channel.id"],
            name=op.f("fk_notice_delivery_channel_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["notice_id"],
            ["notice.id"],
            name=op.f("fk_notice_delivery_notice_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_delivery")),
        sa.UniqueConstraint(
            "channel_id", "notice_id", name=op.f("uq_notice_delivery_channel_id_notice_id")
        ),
        sa.UniqueConstraint(
            "channel_id", "digest_on", name=op.f("uq_notice_delivery_channel_id_digest_on")
        ),
        info=LOCAL,
    )
    op.create_index("ix_notice_delivery_due", "notice_delivery", ["state", "due_at"])
    op.create_index("ix_notice_delivery_notice", "notice_delivery", ["notice_id"])


def downgrade() -> None:
    for table in (
        "notice_delivery",
        "notice_channel",
        "notice_preference",
        "notice_setting",
        "notice",
    ):
        op.drop_table(table)
