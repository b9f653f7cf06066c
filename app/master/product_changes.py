"""§1.3 and §1.4 — changing a product; for the forms and the REST API. The caller commits."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect

from app.kernel.errors import N_, PlanningError
from app.models import Product, TarSource

MOST_TAR = 200


def check_change(item: Product) -> None:
    """Judge a change and note a tar content set by hand. Errors: `PlanningError` naming the field."""
    check_figures(item)
    history: Any = inspect(item).attrs.tar_tenths.history
    if not history.has_changes():
        return
    if item.tar_tenths is None:
        raise PlanningError(
            N_("Enter a tar content, or take the imported one back with the button."),
            field="tar_tenths",
        )
    item.tar_source = TarSource.MANUAL


def check_figures(item: Product) -> None:
    """Errors: `PlanningError` for figures no product has."""
    if item.tar_tenths is not None and not 0 <= item.tar_tenths <= MOST_TAR:
        raise PlanningError(
            N_("The tar content lies between 0 and %(most)d mg."),
            field="tar_tenths",
            most=MOST_TAR // 10,
        )
    if item.sticks_per_carton <= 0:
        raise PlanningError(N_("A carton holds at least one stick."), field="sticks_per_carton")
