"""Whether a product may go: it may not once anything was sold of it or counted with it.

Reads  sales_line, monthly_sales, key_product_snapshot, of all territories of the company: the
brand manager who deletes a product sees no sales, and they matter all the same.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, PlanningError
from app.models import KeyProductSnapshot, MonthlySales, Product, SalesLine


def check_unused(session: Session, product: Product) -> None:
    """Errors: `PlanningError` when the product has sales or was a key brand in some month."""
    for model in (SalesLine, MonthlySales, KeyProductSnapshot):
        table = model.__table__
        used = session.connection().execute(
            select(table.c.product_id)
            .where(table.c.company_id == product.company_id, table.c.product_id == product.id)
            .limit(1)
        )
        if used.first() is not None:
            raise PlanningError(
                N_(
                    "%(product)s has sales or was a key brand and cannot be deleted. "
                    "Set the product status to “Retired” instead."
                ),
                product=str(product),
            )
