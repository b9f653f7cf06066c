"""§2.2 step 6 — order days due and met, by territory or by customer.

Reads: customer, customer_territory, order_day (K and the days a late order may come after it).
`rules.order_success` specifies them. Almost every customer is open and stays in one territory all
month: its due days are a constant of its weekday, only those of the others are counted one by one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Date,
    Select,
    and_,
    case,
    false,
    func,
    literal,
    or_,
    select,
    union_all,
)

from app.analysis.rules.computation import Computation
from app.analysis.rules.order_success import OrderWindow
from app.analysis.statements.customer_figures import due_weeks
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Customer, CustomerStatus, CustomerTerritory, OrderDay

CUSTOMER, STAY, DAY = Customer.__table__, CustomerTerritory.__table__, OrderDay.__table__


def order_success_rows(scope: Scope, computation: Computation) -> Select[Any]:
    """(company_id, territory_id, customer_id, due_days, met_days): one row per customer and
    territory in scope in which it was due in the month.
    """
    windows = window_rows(computation.month, computation.order_windows)
    stays = due_stays(scope, computation.month)
    met = _met_days(stays, scope.company_id, computation.order_windows)
    counts = Counter(window.weekday for window in computation.order_windows)
    one_by_one = (
        select(func.count())
        .where(windows.c.weekday == stays.c.order_weekday, _is_there(stays, windows.c.day))
        .correlate(stays)
        .scalar_subquery()
    )
    due = case((stays.c.is_whole, due_weeks(stays.c.order_weekday, counts)), else_=one_by_one)
    return select(
        stays.c.company_id,
        stays.c.territory_id,
        stays.c.customer_id,
        due.label("due_days"),
        func.coalesce(met.c.met_days, 0).label("met_days"),
    ).select_from(
        stays.outerjoin(
            met,
            and_(
                met.c.customer_id == stays.c.customer_id,
                met.c.territory_id == stays.c.territory_id,
                met.c.first_day == stays.c.first_day,
            ),
        )
    )


def window_rows(month: Month, windows: Sequence[OrderWindow]) -> CTE:
    """(weekday, day) of the order days; without any, no row."""
    nothing = select(
        literal(0).label("weekday"), literal(month.first_day, Date()).label("day")
    ).where(false())
    days = [select(literal(row.weekday), literal(row.day, Date())) for row in windows]
    return union_all(nothing, *days).cte("order_days_due")


def due_stays(scope: Scope, month: Month) -> CTE:
    """(company_id, customer_id, territory_id, order_weekday, first_day, last_day, open_date,
    closed_on, is_whole): where customers stood in the month, from `first_day` to `last_day` (null:
    no end in the month). `is_whole`: there and open all month.
    """
    first, last = month.first_day, month.last_day
    overlaps = and_(
        STAY.c.company_id == CUSTOMER.c.company_id,
        STAY.c.customer_id == CUSTOMER.c.id,
        STAY.c.valid_from <= last,
        or_(STAY.c.valid_to.is_(None), STAY.c.valid_to >= first),
    )
    territory = func.coalesce(STAY.c.territory_id, CUSTOMER.c.territory_id)
    since = func.coalesce(STAY.c.valid_from, literal(first, Date()))
    closed_on = CUSTOMER.c.close_date
    rows = (
        select(
            CUSTOMER.c.company_id,
            CUSTOMER.c.id.label("customer_id"),
            territory.label("territory_id"),
            CUSTOMER.c.order_weekday,
            since.label("first_day"),
            STAY.c.valid_to.label("last_day"),
            CUSTOMER.c.open_date,
            closed_on.label("closed_on"),
            and_(
                CUSTOMER.c.open_date <= first,
                or_(closed_on.is_(None), closed_on > last),
                since <= first,
                or_(STAY.c.valid_to.is_(None), STAY.c.valid_to >= last),
            ).label("is_whole"),
        )
        .select_from(CUSTOMER.outerjoin(STAY, overlaps))
        .where(
            CUSTOMER.c.company_id == scope.company_id,
            CUSTOMER.c.order_weekday.is_not(None),
            CUSTOMER.c.open_date <= last,
            or_(
                and_(CUSTOMER.c.status == CustomerStatus.ACTIVE, closed_on.is_(None)),
                closed_on > first,
            ),
        )
    )
    if scope.territory_ids is not None:
        rows = rows.where(territory.in_(scope.territory_ids))
    return rows.cte("due_stays")


def _is_there(stays: Any, day: Any) -> ColumnElement[bool]:
    """Open and in the stay's territory on a day."""
    return and_(
        stays.c.open_date <= day,
        or_(stays.c.closed_on.is_(None), stays.c.closed_on > day),
        stays.c.first_day <= day,
        or_(stays.c.last_day.is_(None), stays.c.last_day >= day),
    )


def _met_days(stays: CTE, company_id: int, windows: Sequence[OrderWindow]) -> Any:
    """(customer_id, territory_id, first_day, met_days) of the stays with an order that met a day."""
    days = [day for window in windows for day in (window.day, window.last_day)]
    in_time = DAY.c.order_date.between(min(days), max(days)) if days else false()
    orders = (
        select(stays, met_day(stays.c.order_weekday, DAY.c.order_date, windows).label("due_day"))
        .select_from(DAY.join(stays, stays.c.customer_id == DAY.c.customer_id))
        .where(DAY.c.company_id == company_id, in_time)
        .subquery("orders")
    )
    key = (orders.c.customer_id, orders.c.territory_id, orders.c.first_day)
    return (
        select(*key, func.count(orders.c.due_day.distinct()).label("met_days"))
        .where(
            orders.c.due_day.is_not(None),
            or_(orders.c.is_whole, _is_there(orders, orders.c.due_day)),
        )
        .group_by(*key)
        .subquery("met")
    )


def met_day(weekday: Any, ordered: Any, windows: Sequence[OrderWindow]) -> ColumnElement[dt.date]:
    """The due day that an order of this date meets, null when none."""
    by_weekday: dict[int, list[OrderWindow]] = {}
    for window in windows:
        by_weekday.setdefault(window.weekday, []).append(window)
    nothing = literal(None, Date())
    if not by_weekday:
        return nothing
    return case(
        *(
            (
                weekday == day,
                case(
                    *(
                        (ordered.between(row.day, row.last_day), literal(row.day, Date()))
                        for row in rows
                    ),
                    else_=nothing,
                ),
            )
            for day, rows in by_weekday.items()
        ),
        else_=nothing,
    )
