"""§1.2–1.4 — products 商品(规格), category tree 品类, key-brand flag and its monthly snapshot."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.columns import Distribution, MonthType, Recorded, code_list, table_info
from app.kernel.db import db
from app.kernel.errors import N_
from app.kernel.labels import LabelledEnum, label
from app.kernel.period import Month
from app.master.models.findable import Findable


class PriceClass(LabelledEnum):
    """价类, by allocation price before tax; kept as a field, never derived."""

    FIRST = ("一", N_("Class 1"), "一类", "1")
    SECOND = ("二", N_("Class 2"), "二类", "2")
    THIRD = ("三", N_("Class 3"), "三类", "3")
    FOURTH = ("四", N_("Class 4"), "四类", "4")
    FIFTH = ("五", N_("Class 5"), "五类", "5")


class CigaretteForm(LabelledEnum):
    """支型."""

    REGULAR = ("常规", N_("Regular"), "常规支")
    SLIM = ("细支", N_("Slim"))
    MEDIUM = ("中支", N_("Medium slim"))
    SHORT = ("短支", N_("Short"))


class TarSource(LabelledEnum):
    """Where the tar content came from; a value set by hand survives every import (§1.4)."""

    IMPORTED = ("导入", N_("Imported"))
    MANUAL = ("手工", N_("By hand"))


class ProductStatus(LabelledEnum):
    """商品状态."""

    ON_SALE = ("在销", N_("On sale"), "在售")
    RETIRED = ("退市", N_("Retired"), "停销")


class Product(Findable, Recorded, db.Model):
    """A company's product 公司商品. Grain: one row per company and product code.

    "Key brand" 重点品牌 is a flag of the single product, whatever its name says. An import always
    writes `tar_imported_tenths`; `tar_tenths` follows it only while `tar_source` is IMPORTED.
    """

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        CheckConstraint("tar_tenths BETWEEN 0 AND 200", name="tar"),
        CheckConstraint("sticks_per_carton > 0", name="sticks"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    code: Mapped[str] = mapped_column(String(20), **label("Product code"))
    name: Mapped[str] = mapped_column(String(100), **label("Product name"))
    brand: Mapped[str | None] = mapped_column(String(60), **label("Brand"))
    price_class: Mapped[PriceClass | None] = mapped_column(
        code_list(PriceClass), **label("Price class")
    )
    wholesale_fen: Mapped[int | None] = mapped_column(
        Integer, **label("Wholesale price", unit="fen", help="Yuan per carton")
    )
    retail_fen: Mapped[int | None] = mapped_column(
        Integer, **label("Retail price", unit="fen", help="Yuan per carton")
    )
    sticks_per_carton: Mapped[int] = mapped_column(
        SmallInteger, default=200, active_history=True, **label("Sticks per carton")
    )
    form: Mapped[CigaretteForm | None] = mapped_column(
        code_list(CigaretteForm), **label("Cigarette form")
    )
    tar_tenths: Mapped[int | None] = mapped_column(
        SmallInteger, **label("Tar content", unit="tenths", help="Milligrams per cigarette")
    )
    tar_imported_tenths: Mapped[int | None] = mapped_column(
        SmallInteger,
        **label("Imported tar content", unit="tenths", help="Milligrams per cigarette"),
    )
    tar_source: Mapped[TarSource] = mapped_column(
        code_list(TarSource), default=TarSource.IMPORTED, **label("Tar content set by")
    )
    is_key: Mapped[bool] = mapped_column(
        default=False, server_default="0", **label("Key brand", help="Default: no")
    )
    status: Mapped[ProductStatus] = mapped_column(
        code_list(ProductStatus), default=ProductStatus.ON_SALE, **label("Product status")
    )
    is_approximate: Mapped[bool] = mapped_column(
        default=False,
        server_default="0",
        **label("Approximate figures", help="Price, tar or form come from secondary sources"),
    )
    batch_id: Mapped[int | None] = mapped_column(Integer, **label("Import batch"))

    company = relationship("Company")
    category: Mapped[CategoryNode | None] = relationship(
        "CategoryNode", secondary="category_product", uselist=False, viewonly=True
    )

    def __repr__(self) -> str:
        return f"{self.code} {self.name}"


class KeyProductSnapshot(db.Model):
    """The products flagged as key brand in a month. Grain: company × month × product."""

    __tablename__ = "key_product_snapshot"
    __table_args__ = (table_info(Distribution.REFERENCE),)

    company_id: Mapped[int] = mapped_column(
        ForeignKey("company.id"), primary_key=True, **label("Company")
    )
    month: Mapped[Month] = mapped_column(MonthType, primary_key=True, **label("Month"))
    product_id: Mapped[int] = mapped_column(
        ForeignKey("product.id"), primary_key=True, **label("Product")
    )

    product: Mapped[Product] = relationship(Product)


class CategoryNode(Recorded, db.Model):
    """A node of the category tree 品类结构; only leaves hold products."""

    __tablename__ = "category_node"
    __table_args__ = (
        UniqueConstraint("company_id", "code"),
        Index("ix_category_node_parent", "company_id", "parent_id", "sort"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("category_node.id"), **label("Parent category")
    )
    code: Mapped[str] = mapped_column(String(40), **label("Category code"))
    name: Mapped[str] = mapped_column(String(60), **label("Category name"))
    sort: Mapped[int] = mapped_column(Integer, default=0, server_default="0", **label("Order"))

    parent: Mapped[CategoryNode | None] = relationship(
        "CategoryNode", remote_side="CategoryNode.id"
    )

    def __repr__(self) -> str:
        return self.name


class CategoryProduct(Recorded, db.Model):
    """A product's one place in the tree 维护品类单品. Grain: product."""

    __tablename__ = "category_product"
    __table_args__ = (
        UniqueConstraint("company_id", "product_id"),
        table_info(Distribution.REFERENCE),
    )

    company_id: Mapped[int] = mapped_column(ForeignKey("company.id"), **label("Company"))
    node_id: Mapped[int] = mapped_column(
        ForeignKey("category_node.id"), index=True, **label("Category")
    )
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id"), **label("Product"))

    node: Mapped[CategoryNode] = relationship(CategoryNode)
    product: Mapped[Product] = relationship(Product)

    def __repr__(self) -> str:
        return f"{self.node} · {self.product}"
