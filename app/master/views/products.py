"""§1.3 and §1.4 — company products with the key-brand flag, and new products with their tar."""

from __future__ import annotations

from typing import Any

from flask import flash, g
from flask_appbuilder.actions import action
from flask_appbuilder.models.filters import BaseFilter
from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select
from sqlalchemy.orm import Query

from app.kernel.base_view import PlanningView
from app.kernel.db import db
from app.kernel.formatters import pill
from app.kernel.list_filters import Quick
from app.kernel.period import Month
from app.master.product_changes import check_change, check_figures
from app.master.product_use import check_unused
from app.master.views.categories_of_products import BranchQuick, ShowsCategory, category_words
from app.models import KeyProductSnapshot, Product, TarSource

PRICES = ["wholesale_fen", "retail_fen", "price_class", "sticks_per_carton"]


class TarDiffers(BaseFilter):
    """Products whose tar content is not the imported one."""

    def apply(self, query: Query[Any], value: Any) -> Query[Any]:
        return query.filter(
            or_(
                Product.tar_tenths != Product.tar_imported_tenths,
                Product.tar_tenths.is_not(None) & Product.tar_imported_tenths.is_(None),
            )
        )


def key_mark(value: bool | None) -> Any:
    """Key brands stand out; the others are the rule and stay quiet."""
    return pill(_("Yes"), "gold") if value else _("No")


class ProductPages(ShowsCategory, PlanningView):
    """What the pages on products share; not a page itself."""

    class_permission_name = "Product"
    entity_label = _l("product")
    order_columns = ["code", "name", "brand", "retail_fen", "wholesale_fen", "tar_tenths"]
    base_order = ("code", "asc")
    extra_labels = {"category": _l("Category")}
    formatters_columns = {"category": category_words, "is_key": key_mark}
    tones = {
        "status": {"ON_SALE": "ok", "RETIRED": "mute"},
        "tar_source": {"IMPORTED": "mute", "MANUAL": "gold"},
    }
    has_history = True

    def hidden_fields(self, role: str) -> frozenset[str]:
        """Products of a company belong to it; only platform administrators choose one."""
        if role == "add" and g.row_scope.company_id is not None:
            return frozenset({"company"})
        return frozenset()

    def pre_update(self, item: Product) -> None:
        check_change(item)


class ProductView(ProductPages):
    """§1.3 维护公司商品: the key-brand flag."""

    datamodel = SQLAInterface(Product)
    route_base = "/products"
    list_title = _l("Company products")
    hint = _l(
        "The key-brand flag is a property of the single product; the default is no. "
        "The list of a month is taken when the month opens, and analyses of that month keep it: "
        "a later change counts from the next month's list on."
    )
    empty_hint = _l("Products come from the import; single ones are added under “New products”.")
    base_permissions = ["can_read", "can_update", "can_delete", "can_export"]
    exclude_route_methods = {"download", "add"}
    list_columns = [
        "name", "code", "is_key", "price_class", "retail_fen", "form", "tar_tenths", "category",
        "status",
    ]  # fmt: skip
    export_columns = [
        "code", "name", "brand", "price_class", "wholesale_fen", "retail_fen",
        "sticks_per_carton", "form", "tar_tenths", "is_key", "category", "status",
    ]  # fmt: skip
    card_columns = ["name", "brand", "retail_fen", "is_key", "category"]
    filter_bar = [
        Quick(
            "name",
            "contains",
            label=_l("Name, code or brand"),
            also=("code", "brand", "search_words"),
        ),
        Quick("is_key", "boolean"),
        BranchQuick("category", "relation", label=_l("Category")),
        Quick("price_class", "enum"),
        Quick("form", "enum"),
        Quick("status", "enum"),
        Quick("category", "is_missing", label=_l("Without category"), shows_count=True),
        Quick("tar_tenths", "is_missing", label=_l("Without tar content"), more=True),
    ]
    search_columns = ["retail_fen", "is_approximate", "batch_id"]
    show_fieldsets = [
        (_l("Key brand"), {"fields": ["is_key", "key_months"]}),
        (_l("Product"), {"fields": ["code", "name", "brand", "form", "category", "status"]}),
        (_l("Price"), {"fields": PRICES}),
        (_l("Tar content"), {"fields": ["tar_tenths", "tar_source", "tar_imported_tenths"]}),
        (_l("Record"), {"fields": ["is_approximate", "updated_at"]}),
    ]
    edit_fieldsets = [
        (_l("Key brand"), {"fields": ["is_key"]}),
        (_l("Product"), {"fields": ["name", "brand", "form", "status"]}),
        (_l("Price"), {"fields": PRICES}),
    ]
    extra_labels = {**ProductPages.extra_labels, "key_months": _l("Key brand in the months")}
    bulk_fields = ["is_key", "status"]

    def column_value(self, item: Any, path: str) -> Any:
        if path == "key_months":
            return key_months(item)
        return super().column_value(item, path)

    def pre_delete(self, item: Product) -> None:
        check_unused(self.datamodel.session, item)


def key_months(product: Product) -> str:
    """The months whose list of key brands holds the product, neighbours joined: 2025-03 – 2025-06."""
    months = db.session.scalars(
        select(KeyProductSnapshot.month)
        .where(
            KeyProductSnapshot.company_id == product.company_id,
            KeyProductSnapshot.product_id == product.id,
        )
        .order_by(KeyProductSnapshot.month)
    ).all()
    runs: list[list[Month]] = []
    for month in months:
        if runs and runs[-1][-1].next == month:
            runs[-1].append(month)
        else:
            runs.append([month])
    words = [run[0].key if len(run) == 1 else f"{run[0].key} – {run[-1].key}" for run in runs]
    return "、".join(words)


class NewProductView(ProductPages):
    """§1.4 新增商品: the tar content, imported or corrected by hand."""

    datamodel = SQLAInterface(Product)
    route_base = "/new-products"
    list_title = _l("New products")
    hint = _l(
        "The tar content is the one of the marketing system. "
        "Correct it where it is wrong: a value set by hand survives every import."
    )
    empty_hint = ProductView.empty_hint
    exclude_route_methods = {"download", "delete"}
    base_permissions = ["can_read", "can_create", "can_update", "can_export"]
    list_columns = [
        "name", "code", "brand", "form", "retail_fen", "tar_tenths", "tar_imported_tenths",
        "tar_source", "is_approximate", "status",
    ]  # fmt: skip
    card_columns = ["name", "tar_tenths", "tar_imported_tenths", "tar_source"]
    filter_bar = [
        Quick(
            "name",
            "contains",
            label=_l("Name, code or brand"),
            also=("code", "brand", "search_words"),
        ),
        Quick("tar_source", "enum"),
        Quick("tar_tenths", "is_missing", label=_l("Without tar content"), shows_count=True),
        Quick("differs", "flag", label=_l("Differs from the import"), filter_class=TarDiffers),
        Quick("form", "enum"),
        Quick("status", "enum"),
    ]
    search_columns = ["tar_tenths", "is_approximate", "created_at"]
    show_fieldsets = [
        (_l("Tar content"), {"fields": ["tar_tenths", "tar_source", "tar_imported_tenths"]}),
        (_l("Product"), {"fields": ["code", "name", "brand", "form", "category", "status"]}),
        (_l("Price"), {"fields": PRICES}),
        (_l("Record"), {"fields": ["is_approximate", "created_at", "updated_at"]}),
    ]
    edit_fieldsets = [(_l("Tar content"), {"fields": ["tar_tenths"]})]
    add_fieldsets = [
        (_l("Product"), {"fields": ["company", "code", "name", "brand", "form", "tar_tenths"]}),
        (_l("Price"), {"fields": PRICES}),
        (_l("Key brand"), {"fields": ["is_key"]}),
    ]

    def pre_add(self, item: Product) -> None:
        check_figures(item)
        if item.tar_tenths is not None:
            item.tar_source = TarSource.MANUAL

    def _fixed_texts(self, item: Any) -> list[tuple[Any, Any]]:
        names = ("code", "name", "form", "tar_source", "tar_imported_tenths")
        return [
            (self.label_columns[name], self._shown(name, self.column_value(item, name)))
            for name in names
        ]

    @action(
        "back_to_imported",
        _l("Back to the imported value"),
        confirmation=_l("Replace the tar content set by hand by the imported one?"),
        icon="fa-rotate-left",
    )
    def back_to_imported(self, items: Any) -> None:
        """Take the imported tar content; rows without one are reported and stay."""
        products = items if isinstance(items, list) else [items]
        changed = 0
        without = []
        for product in products:
            if product.tar_imported_tenths is None:
                without.append(str(product))
            elif product.tar_source is TarSource.MANUAL:
                product.tar_tenths = product.tar_imported_tenths
                product.tar_source = TarSource.IMPORTED
                changed += 1
        self.datamodel.session.commit()
        if changed or not without:
            flash(
                _("%(count)d products have the imported tar content again.", count=changed),
                "success",
            )
        if without:
            flash(
                _(
                    "No imported tar content yet: %(products)s. The value set by hand was kept.",
                    products="、".join(without[:5]) + ("…" if len(without) > 5 else ""),
                ),
                "warning",
            )
