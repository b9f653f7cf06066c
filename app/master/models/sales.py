"""Sales lines 销售明细 and what is kept of them: sums by customer × product × month, of those by
territory × product and by customer, and the days on which customers ordered.

`app.exchange.sales_rollup` keeps all four, in the transaction that writes lines. They hold what
lines say; prices and key brands are applied when they are read, since these change. The size of a
carton hardly ever does, so the sticks of a customer are kept too.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import BigId, Distribution, MonthType, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month
from app.master.models.customer import Customer, OrderMode, SettleMode
from app.master.models.product import Product

__all__ = [
    "CustomerSales",
    "MonthlySales",
    "OrderDay",
    "SalesLine",
    "SalesSource",
    "TerritorySales",
]


class SalesSource(LabelledEnum):
    """Where an import came from."""

    MARKETING = ("中软", N_("Marketing system"), "中软营销")
    ORDERING = ("新商盟", N_("Ordering platform"))
    FILE = ("文件", N_("Uploaded file"))
    PUSH = ("接口", N_("Pushed through the API"))


class SalesLine(db.Model):
    """A product ordered by a customer on a day. Returns have negative quantities.

    Grain and key: company × customer × product × order date × order number (empty when the
    source has none). `territory_id` is where the customer stood on the order date.
    """

    __tablename__ = "sales_line"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        # Covers counting order days and weeks (steps 2 and 6) in the order of the groups, and the
        # totals below the list of sales lines.
        Index(
            "ix_sales_line_date",
            "company_id",
            "order_date",
            "territory_id",
            "customer_id",
            "demanded_cartons",
            "delivered_cartons",
            "amount_fen",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )
    order_date: Mapped[dt.date] = mapped_column(Date, primary_key=True, **label("Order date"))
    order_no: Mapped[str] = mapped_column(
        String(40), primary_key=True, default="", **label("Order number")
    )
    territory_id: Mapped[int] = mapped_column(ForeignKey("territory.id"), **label("Territory"))
    demanded_cartons: Mapped[int] = mapped_column(Integer, **label("Demanded", unit="cartons"))
    delivered_cartons: Mapped[int] = mapped_column(Integer, **label("Delivered", unit="cartons"))
    amount_fen: Mapped[int] = mapped_column(BigInteger, **label("Amount", unit="fen"))
    channel: Mapped[OrderMode] = mapped_column(code_list(OrderMode), **label("Order channel"))
    settle_mode: Mapped[SettleMode] = mapped_column(
        code_list(SettleMode), **label("Settlement mode")
    )
    batch_id: Mapped[int | None] = mapped_column(Integer, **label("Import batch"))

    customer: Mapped[Customer] = relationship(Customer)
    product: Mapped[Product] = relationship(Product)
    territory = relationship("Territory")


class MonthlySales(db.Model):
    """The roll-up that analyses read; rebuilt for the touched months whenever lines come in.

    Grain and key: company × month × customer × product × territory (two rows for a customer who
    moved within the month). A stock-out line demanded something and got nothing.
    """

    __tablename__ = "monthly_sales"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        # Covers the purchases of some products, and `TerritorySales` in the order of its groups.
        Index(
            "ix_monthly_sales_product",
            "company_id",
            "product_id",
            "month",
            "territory_id",
            "customer_id",
            "delivered_cartons",
            "amount_fen",
            "demanded_lines",
            "stockout_lines",
        ),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), primary_key=True, **label("Territory")
    )
    demanded_cartons: Mapped[int] = mapped_column(Integer, **label("Demanded", unit="cartons"))
    delivered_cartons: Mapped[int] = mapped_column(Integer, **label("Delivered", unit="cartons"))
    amount_fen: Mapped[int] = mapped_column(BigInteger, **label("Amount", unit="fen"))
    line_count: Mapped[int] = mapped_column(Integer, **label("Sales lines"))
    demanded_lines: Mapped[int] = mapped_column(Integer, **label("Lines with demand"))
    stockout_lines: Mapped[int] = mapped_column(Integer, **label("Stock-out lines"))

    customer: Mapped[Customer] = relationship(Customer)
    product: Mapped[Product] = relationship(Product)
    territory = relationship("Territory")


class TerritorySales(db.Model):
    """Monthly sales of a territory: what steps 5 and 6 and the trend charts add up.

    Grain and key: company × month × territory × product. `buyers` are the customers whose net
    quantity is positive.
    """

    __tablename__ = "territory_sales"
    __table_args__ = {
        "info": table_info(Distribution.DISTRIBUTED)["info"],
        "sqlite_with_rowid": False,
    }

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), primary_key=True, **label("Territory")
    )
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )
    delivered_cartons: Mapped[int] = mapped_column(BigInteger, **label("Delivered", unit="cartons"))
    amount_fen: Mapped[int] = mapped_column(BigInteger, **label("Amount", unit="fen"))
    demanded_lines: Mapped[int] = mapped_column(Integer, **label("Lines with demand"))
    stockout_lines: Mapped[int] = mapped_column(Integer, **label("Stock-out lines"))
    buyers: Mapped[int] = mapped_column(Integer, **label("Buyers"))


class CustomerSales(db.Model):
    """Monthly sales of a customer over all products: what customers are compared by.

    Grain and key: company × month × customer × territory. `bought_products` have a positive net
    quantity there.
    """

    __tablename__ = "customer_sales"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), primary_key=True, **label("Territory")
    )
    sticks: Mapped[int] = mapped_column(BigInteger, **label("Sales", unit="sticks"))
    amount_fen: Mapped[int] = mapped_column(BigInteger, **label("Amount", unit="fen"))
    bought_products: Mapped[int] = mapped_column(Integer, **label("Products bought"))


class OrderDay(db.Model):
    """A day on which a customer ordered: asked for something or got something; a return is none.

    Grain and key: company × order date × territory of that date × customer.
    """

    __tablename__ = "order_day"
    __table_args__ = (
        ForeignKeyConstraint(["company_id", "customer_id"], ["customer.company_id", "customer.id"]),
        {"info": table_info(Distribution.DISTRIBUTED)["info"], "sqlite_with_rowid": False},
    )

    company_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Company"))
    order_date: Mapped[dt.date] = mapped_column(Date, primary_key=True, **label("Order date"))
    territory_id: Mapped[int] = mapped_column(
        ForeignKey("territory.id"), primary_key=True, **label("Territory")
    )
    customer_id: Mapped[int] = mapped_column(BigId, primary_key=True, **label("Customer"))
