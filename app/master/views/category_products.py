"""§1.2 维护品类单品 — which leaf of the category tree holds which product."""

from __future__ import annotations

from typing import Any

from flask_appbuilder.models.sqla.interface import SQLAInterface
from flask_babel import lazy_gettext as _l

from app.kernel.base_view import PlanningView
from app.kernel.form_fields import FieldMaker
from app.kernel.list_filters import Quick
from app.kernel.relation_field import RelationField
from app.kernel.row_actions import BulkResult
from app.master.category_tree import place_product
from app.master.views.categories_of_products import (
    BranchQuick,
    CategoryChoices,
    ShowsCategory,
    category_words,
)
from app.models import Product


class CategoryProductView(ShowsCategory, PlanningView):
    """A product hangs on exactly one leaf, or on none yet."""

    datamodel = SQLAInterface(Product)
    class_permission_name = "CategoryProduct"
    route_base = "/category-products"
    list_title = _l("Category products")
    entity_label = _l("category of the product")
    hint = _l(
        "Tick products and choose “Set a field” to give them a leaf of the category tree. "
        "A product belongs to one leaf only."
    )
    empty_hint = _l("There are no products yet; import them first.")
    base_permissions = ["can_read", "can_update", "can_export"]
    exclude_route_methods = {"download", "add", "delete", "show"}
    list_columns = [
        "name",
        "code",
        "category",
        "brand",
        "price_class",
        "form",
        "retail_fen",
        "status",
    ]
    card_columns = ["name", "brand", "retail_fen", "category"]
    order_columns = ["code", "name", "brand", "retail_fen"]
    base_order = ("code", "asc")
    filter_bar = [
        Quick("name", "contains", label=_l("Name, code or brand"), also=("code", "brand")),
        Quick("category", "is_missing", label=_l("Not mapped yet"), shows_count=True),
        BranchQuick("category", "relation", label=_l("Category")),
        Quick("price_class", "enum"),
        Quick("form", "enum"),
        Quick("status", "enum"),
    ]
    search_columns = ["retail_fen", "is_key"]
    extra_labels = {"category": _l("Category")}
    formatters_columns = {"category": category_words}
    tones = {"status": {"ON_SALE": "ok", "RETIRED": "mute"}}
    edit_columns = ["category"]
    bulk_fields = ["category"]

    def _init_forms(self) -> None:
        leaf = RelationField(
            _l("Category"),
            choices=lambda: CategoryChoices(leaves_only=True),
            column="category",
            endpoint="CategoryProductView.select",
            allow_blank=True,
            remote=False,
            description=_l("Only leaves hold products; leave it empty to take the category away"),
        )
        self.edit_form_extra_fields = {"category": leaf}
        super()._init_forms()
        self.bulk_form = FieldMaker(self).form(["category"], {"category": leaf})

    def pre_update(self, item: Product) -> None:
        place_product(self.datamodel.session, item, item.category)

    def _set_values(self, items: list[Any], values: dict[str, Any]) -> BulkResult:
        result = BulkResult()
        for item in items:
            if place_product(self.datamodel.session, item, values["category"]):
                result.changed += 1
            else:
                result.unchanged += 1
        return result

    def _fixed_texts(self, item: Any) -> list[tuple[Any, Any]]:
        names = ("code", "name", "brand", "form")
        return [
            (self.label_columns[name], self._shown(name, self.column_value(item, name)))
            for name in names
        ]
