"""Sales by territory and product, order days, and an index that covers a product's purchases.

Both tables are filled from the lines and monthly sales that are there.

Revision: 0003 (after 0002)
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PRODUCT_INDEX = ["company_id", "product_id", "month", "customer_id"]
COVERING_INDEX = [
    "company_id", "product_id", "month", "territory_id", "customer_id", "delivered_cartons",
    "amount_fen", "demanded_lines", "stockout_lines",
]  # fmt: skip

FILL_TERRITORY_SALES = """
    INSERT INTO territory_sales (
        company_id, month, territory_id, product_id, delivered_cartons, amount_fen,
        demanded_lines, stockout_lines, buyers
    )
    SELECT
        company_id, month, territory_id, product_id, sum(delivered_cartons), sum(amount_fen),
        sum(demanded_lines), sum(stockout_lines),
        count(*) FILTER (WHERE delivered_cartons > 0)
    FROM monthly_sales
    GROUP BY company_id, month, territory_id, product_id
"""
FILL_ORDER_DAY = """
    INSERT INTO order_day (company_id, order_date, territory_id, customer_id)
    SELECT company_id, order_date, territory_id, customer_id
    FROM sales_line
    WHERE delivered_cartons > 0 OR demanded_cartons > 0
    GROUP BY company_id, order_date, territory_id, customer_id
"""


def id_column(name: str, comment: str) -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, nullable=False, comment=comment)


def upgrade() -> None:
    op.create_table(
        "territory_sales",
        id_column("company_id", "Company"),
        sa.Column("month", sa.Integer(), nullable=False, comment="Month"),
        id_column("territory_id", "Territory"),
        id_column("product_id", "Product"),
        sa.Column(
            "delivered_cartons", sa.BigInteger(), nullable=False, comment="Delivered (cartons)"
        ),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False, comment="Amount (fen)"),
        sa.Column("demanded_lines", sa.Integer(), nullable=False, comment="Lines with demand"),
        sa.Column("stockout_lines", sa.Integer(), nullable=False, comment="Stock-out lines"),
        sa.Column("buyers", sa.Integer(), nullable=False, comment="Buyers"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["product.id"], name=op.f("fk_territory_sales_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_territory_sales_territory_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "month", "territory_id", "product_id", name=op.f("pk_territory_sales")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_day",
        id_column("company_id", "Company"),
        sa.Column("order_date", sa.Date(), nullable=False, comment="Order date"),
        id_column("territory_id", "Territory"),
        id_column("customer_id", "Customer"),
        sa.ForeignKeyConstraint(
            ["company_id", "customer_id"],
            ["customer.company_id", "customer.id"],
            name=op.f("fk_order_day_company_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["territory_id"], ["territory.id"], name=op.f("fk_order_day_territory_id")
        ),
        sa.PrimaryKeyConstraint(
            "company_id", "order_date", "territory_id", "customer_id", name=op.f("pk_order_day")
        ),
        info={"distribution": "distributed"},
        sqlite_with_rowid=False,
    )
    op.execute(FILL_TERRITORY_SALES)
    op.execute(FILL_ORDER_DAY)
    op.drop_index("ix_monthly_sales_product", table_name="monthly_sales")
    op.create_index("ix_monthly_sales_product", "monthly_sales", COVERING_INDEX)


def downgrade() -> None:
    op.drop_index("ix_monthly_sales_product", table_name="monthly_sales")
    op.create_index("ix_monthly_sales_product", "monthly_sales", PRODUCT_INDEX)
    op.drop_table("order_day")
    op.drop_table("territory_sales")
