"""Monthly sales of a customer over all products, filled from the monthly sales that are there.

Revision: 0004 (after 0003)
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FILL_CUSTOMER_SALES = """
    INSERT INTO customer_sales (
        company_id, month, customer_id, territory_id, sticks, amount_fen, bought_products
    )
    SELECT
        m.company_id, m.month, m.customer_id, m.territory_id,
        sum(m.delivered_cartons * p.sticks_per_carton), sum(m.amount_fen),
        count(*) FILTER (WHERE m.delivered_cartons > 0)
    FROM monthly_sales m JOIN product p ON p.id = m.product_id
    GROUP BY m.company_id, m.month, m.customer_id, m.territory_id
"""


def id_column(name: str, comment: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, comment=comment)


def upgrade() -> None:
    op.create_table(
        "customer_sales",
        id_column("company_id", "Company"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        id_column("customer_id", "Customer"),
        id_column("territory_id", "Territory"),
        sa.Column("sticks", sa.BigInteger(), nullable=False, comment="Sales (sticks)"),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="Amount (fen)"),
        sa.Column("bought_products", sa.Integer(), nullable=False, comment="Products bought"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_customer_sales_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_customer_sales_territory_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "month", "customer_id", "territory_id", name=op.f("pk_customer_sales")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.execute(FILL_CUSTOMER_SALES)


def downgrade() -> None:
    op.drop_table("customer_sales")
