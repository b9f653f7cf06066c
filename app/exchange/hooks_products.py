"""Products: the tar content follows the import unless a person corrected it (§1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import FromClause, case, or_, select

from app.analysis.changed_inputs import PRODUCT_INPUTS, settings_changed
from app.exchange.comparison import CHANGED, Comparison
from app.exchange.sales_rollup import resize_cartons
from app.models import Product, TarSource

PRODUCT = Product.__table__


def mark_results(run: Comparison) -> None:
    """Results made with other prices or carton sizes are out of date. Runs before the update."""
    stage, values = run.stage.c, run.changes(PRODUCT)
    inputs = [name for name in PRODUCT_INPUTS if name in values]
    if not inputs:
        return
    differs = select(PRODUCT.c.id).where(
        run.of_batch(CHANGED),
        PRODUCT.c.company_id == stage.company_id,
        PRODUCT.c.id == stage.target_id,
        or_(*(PRODUCT.c[name].is_distinct_from(values[name]) for name in inputs)),
    )
    if run.connection.execute(differs.limit(1)).first() is not None:
        settings_changed(run.connection, run.company_id)
    if "sticks_per_carton" in inputs:
        _follow_sizes(run, values["sticks_per_carton"])


def _follow_sizes(run: Comparison, size: Any) -> None:
    stage = run.stage.c
    changes = select(
        PRODUCT.c.id.label("product_id"),
        (size - PRODUCT.c.sticks_per_carton).label("more_sticks"),
    ).where(
        run.of_batch(CHANGED),
        PRODUCT.c.company_id == stage.company_id,
        PRODUCT.c.id == stage.target_id,
        PRODUCT.c.sticks_per_carton != size,
    )
    if run.connection.execute(changes.limit(1)).first() is not None:
        resize_cartons(run.connection, run.company_id, changes.subquery("changes"))


def new_values(run: Comparison) -> dict[str, Any]:
    return {"tar_tenths": run.stage.c.tar}


def changed_values(
    run: Comparison, target: FromClause, values: Mapping[str, Any]
) -> dict[str, Any]:
    if "tar" not in run.mapped:
        return {}
    return {
        "tar_tenths": case(
            (target.c.tar_source == TarSource.IMPORTED, values["tar_imported_tenths"]),
            else_=target.c.tar_tenths,
        )
    }
