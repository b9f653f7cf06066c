"""§2.2 step 3 — watched products 关注商品: issued by the market manager by department and months."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel.errors import N_, OutOfScope, PlanningError
from app.kernel.period import Month
from app.models import BrandTarget, Department, FocusProduct, Product, Territory

MOST_MONTHS = 24


class FocusRefused(PlanningError):
    """The products cannot be issued for these months."""


def own_departments(
    session: Session, user_id: int | None, *, is_administrator: bool
) -> list[Department]:
    """The departments a person issues products for: those headed; administrators all."""
    query = select(Department).order_by(Department.code)
    if not is_administrator:
        query = query.where(Department.manager_id == user_id)
    return list(session.scalars(query))


def check_months(first: Month, last: Month) -> None:
    """Errors: `FocusRefused` for a range that is turned round or longer than two years."""
    if last < first:
        raise FocusRefused(N_("The last month is before the first."), field="to_month")
    if first.shift(MOST_MONTHS - 1) < last:
        raise FocusRefused(
            N_("Issue products for at most %(most)d months at a time."),
            field="to_month",
            most=MOST_MONTHS,
        )


def overlapping(
    session: Session,
    department_id: int,
    product_ids: Collection[int],
    first: Month,
    last: Month,
    but_id: int | None = None,
) -> list[FocusProduct]:
    """What is issued for the department already in some of the months."""
    query = select(FocusProduct).where(
        FocusProduct.department_id == department_id,
        FocusProduct.product_id.in_(product_ids),
        FocusProduct.from_month <= last,
        FocusProduct.to_month >= first,
    )
    if but_id is not None:
        query = query.where(FocusProduct.id != but_id)
    return list(session.scalars(query))


def issue(
    session: Session,
    department: Department,
    product_ids: Collection[int],
    first: Month,
    last: Month,
    remark: str | None,
) -> int:
    """Issue products, all or none; returns how many. The caller commits.

    Errors: `OutOfScope` for a product of another company, `FocusRefused` naming product and months.
    """
    wanted = set(product_ids)
    if not wanted:
        raise FocusRefused(N_("Choose at least one product."), field="products")
    check_months(first, last)
    known = set(
        session.scalars(
            select(Product.id).where(
                Product.id.in_(wanted), Product.company_id == department.company_id
            )
        )
    )
    if wanted - known:
        raise OutOfScope
    present = overlapping(session, department.id, wanted, first, last)
    if present:
        raise FocusRefused(
            N_(
                "Already watched: %(products)s. Leave these out, or change the months of the "
                "present entry."
            ),
            field="products",
            products="、".join(
                f"{row.product} ({row.from_month}–{row.to_month})" for row in present
            ),
        )
    for product_id in sorted(wanted):
        session.add(
            FocusProduct(
                company_id=department.company_id,
                department_id=department.id,
                product_id=product_id,
                from_month=first,
                to_month=last,
                remark=remark or None,
            )
        )
    session.flush()
    return len(wanted)


def dependent_targets(session: Session, entry: FocusProduct, after: Month | None = None) -> int:
    """Brand targets of the department's territories that rely on the entry; with `after`, on the
    months after it.
    """
    first = entry.from_month if after is None else after.next
    return int(
        session.scalar(
            select(func.count(BrandTarget.id))
            .join(Territory, Territory.id == BrandTarget.territory_id)
            .where(
                Territory.department_id == entry.department_id,
                BrandTarget.product_id == entry.product_id,
                BrandTarget.from_month <= entry.to_month,
                BrandTarget.to_month >= first,
            )
        )
        or 0
    )


def end_early(session: Session, entry: FocusProduct, last: Month) -> int:
    """Let an entry end with `last`; returns how many targets reach beyond it (they stay).

    Errors: `FocusRefused` when the entry does not run in or beyond the month.
    """
    if not entry.from_month <= last < entry.to_month:
        raise FocusRefused(
            N_("%(product)s is watched from %(first)s to %(last)s; it cannot end with %(month)s."),
            product=str(entry.product),
            first=entry.from_month.key,
            last=entry.to_month.key,
            month=last.key,
        )
    beyond = dependent_targets(session, entry, last)
    entry.to_month = last
    return beyond
