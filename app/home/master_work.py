"""What master data and imports leave to do, for brand managers and administrators."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.home.master_counts import ProductCounts, TerritoryCounts
from app.home.work import ToDo
from app.kernel.list_widgets import view_url
from app.models import ImportBatch
from app.portal_context import can

IMPORTS_NAMED = 2


def product_work(products: ProductCounts | None) -> list[ToDo]:
    """§1.2–1.4: category, tar content, key flag."""
    if products is None or not can("update", "CategoryProduct"):
        return []
    return [
        ToDo(
            products.without_category,
            _("Products without category"),
            _("They are missing from every figure by category."),
            view_url("CategoryProductView", "list", q_category_missing="1"),
            _("Map"),
            "fa-tags",
        ),
        ToDo(
            products.without_tar,
            _("Products without tar content"),
            _("They are missing from the tar analyses."),
            view_url("NewProductView", "list", q_tar_tenths_missing="1"),
            _("Enter"),
            "fa-flask",
        ),
        ToDo(
            0 if products.key or not products.on_sale else 1,
            _("No product is a key brand"),
            _("Growth and share of key brands cannot be calculated."),
            view_url("ProductView", "list"),
            _("Choose"),
            "fa-star",
            is_counted=False,
        ),
    ]


def territory_work(territories: TerritoryCounts | None) -> list[ToDo]:
    if territories is None or not can("create", "TerritoryAssignment"):
        return []
    return [
        ToDo(
            territories.without_holder,
            _("Territories without a primary holder today"),
            _("Nobody plans or visits there until someone is assigned."),
            view_url("TerritoryView", "list", q_without_holder="1"),
            _("Assign"),
            "fa-user-slash",
            "bad",
        )
    ]


def import_work(imports: Sequence[ImportBatch]) -> list[ToDo]:
    """Rejected rows of the latest imports."""
    return [
        ToDo(
            batch.rows_rejected,
            _("Rejected rows in %(file)s", file=batch.file_name),
            _(
                "Import of %(day)s; correct them and import the file again.",
                day=f"{batch.created_at:%Y-%m-%d}",
            ),
            view_url("ImportView", "show", pk=batch.id),
            _("Look"),
            "fa-file-circle-exclamation",
        )
        for batch in imports[:IMPORTS_NAMED]
    ]
