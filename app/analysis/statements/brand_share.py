"""§2.2 step 5 — 品牌占有率: what a product and its brand are of a territory's volume.

Reads: territory_sales (K), product, brand_target. `rules.indicators.brand_volumes` specifies it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import CTE, Select, and_, func, select

from app.analysis.statements.brand_rates import targeted_products
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import whole
from app.models import Product, TerritorySales

SALES, PRODUCT = TerritorySales.__table__, Product.__table__


def product_volumes(scope: Scope, month: Month) -> CTE:
    """(company_id, territory_id, product_id, brand, sticks) of everything sold in the month.

    Made once, for three sums.
    """
    return (
        select(
            SALES.c.company_id,
            SALES.c.territory_id,
            SALES.c.product_id,
            PRODUCT.c.brand,
            (SALES.c.delivered_cartons * PRODUCT.c.sticks_per_carton).label("sticks"),
        )
        .join(PRODUCT, PRODUCT.c.id == SALES.c.product_id)
        .where(scope.rows(SALES), SALES.c.month == month)
        .cte("volumes")
        .prefix_with("MATERIALIZED")
    )


def share_rows(scope: Scope, month: Month) -> Select[Any]:
    """A row per targeted product of a territory: (company_id, territory_id, product_id,
    product_sticks, brand_sticks, area_sticks). `month` is K.
    """
    targeted, own = targeted_products(scope, month), product_volumes(scope, month)

    def added_up(*keys: str) -> Any:
        return (
            select(*(own.c[key] for key in keys), whole(func.sum(own.c.sticks)).label("sticks"))
            .group_by(*(own.c[key] for key in keys))
            .subquery("by_" + keys[-1])
        )

    brands = added_up("company_id", "territory_id", "brand")
    areas = added_up("company_id", "territory_id")

    def same(other: Any) -> Any:
        return and_(
            other.c.company_id == targeted.c.company_id,
            other.c.territory_id == targeted.c.territory_id,
        )

    return select(
        targeted.c.company_id,
        targeted.c.territory_id,
        targeted.c.product_id,
        func.coalesce(own.c.sticks, 0).label("product_sticks"),
        func.coalesce(brands.c.sticks, own.c.sticks, 0).label("brand_sticks"),
        func.coalesce(areas.c.sticks, 0).label("area_sticks"),
    ).select_from(
        targeted.join(PRODUCT, PRODUCT.c.id == targeted.c.product_id)
        .outerjoin(own, and_(same(own), own.c.product_id == targeted.c.product_id))
        .outerjoin(brands, and_(same(brands), brands.c.brand == PRODUCT.c.brand))
        .outerjoin(areas, same(areas))
    )
