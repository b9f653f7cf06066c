"""§2.2 step 2 — which changes outdate generated results, one rule per cause, for records and imports.

Records saved through the session are noticed when it is flushed; imports write past the session
and report theirs. Either way the mark is part of the same transaction. Sales and days of the work
calendar concern every result that read their month. Customers, parameters and catalogues concern the present month and later
ones: an earlier month is history and names the versions it was computed with. Answers and ability
scores are marked by their own steps.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, event, inspect, select
from sqlalchemy.orm import Session

from app.analysis.statements.stale_results import (
    Ids,
    mark_months_stale,
    mark_range_stale,
    mark_stale_from,
)
from app.kernel.db import db
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.master.parameters import current_parameters
from app.master.rules_calendar import DAYS_LOOKED_BACK, is_weekend, next_workday
from app.models import (
    AbilityItem,
    CalendarDay,
    Customer,
    FocusProduct,
    NeedOption,
    OperatingState,
    ParameterValue,
    ParameterVersion,
    ProblemType,
    Product,
    ServiceStrategy,
    StaleReason,
    Territory,
)

LAST_YEAR = 12

CUSTOMER_INPUTS = (
    "territory_id", "status", "market_type", "business_type", "scale", "open_date", "close_date",
    "order_mode", "order_weekday", "settle_mode",
)  # fmt: skip
MEMBERSHIP = ("territory_id", "status")
"""What decides on whose list a customer stands."""

FOCUS_INPUTS = ("department_id", "product_id", "from_month", "to_month")
PRODUCT_INPUTS = ("sticks_per_carton", "wholesale_fen", "retail_fen")
CATALOGUES = (AbilityItem, NeedOption, OperatingState, ProblemType, ServiceStrategy)
CATALOGUE_INPUTS = frozenset(
    {"is_active", "weight", "low_score", "effect_band", "ability_band", "is_problem", "strategies"}
)

PARAMETER_GROUPS = frozenset({"effect", "weight", "band", "problem"})
PARAMETER_INPUTS = frozenset({"abnormal_active_base_months", "order_move_to_next_workday"})
"""What step 2 reads besides the groups."""


# ---------------------------------------------------------------------- causes


def months_reading(changed: Iterable[Month], looked_back: int) -> set[Month]:
    """The work months whose results read sales of one of these months.

    The result of M reads K = M − 1, the months before K that the problems look back to (at least
    one) and K − 12.
    """
    distances = {*range(max(looked_back, 1) + 1), LAST_YEAR}
    return {month.shift(distance + 1) for month in changed for distance in distances}


def sales_changed(session: Session, company_id: int, months: Iterable[Month]) -> None:
    """Sales lines of these months were added or changed."""
    looked_back = current_parameters(session, company_id).abnormal_active_base_months
    mark_months_stale(
        session.connection(),
        company_id,
        months_reading(months, looked_back),
        StaleReason.DATA,
        utc_now(),
    )


def customers_changed(
    connection: Connection, company_id: int, customers: Ids, territories: Ids
) -> None:
    """Customers' data were changed; `territories` got or lost one of them."""
    mark_stale_from(
        connection,
        company_id,
        Month.current(),
        StaleReason.CUSTOMER,
        utc_now(),
        customers,
        territories,
    )


def settings_changed(connection: Connection, company_id: int) -> None:
    """A new parameter version, another catalogue, other prices or sizes of products."""
    mark_stale_from(connection, company_id, Month.current(), StaleReason.SETTINGS, utc_now())


def months_of_order_days(days: Iterable[dt.date], overrides: Mapping[dt.date, bool]) -> set[Month]:
    """The months whose order days may differ when these days become workdays or days off.

    An order day on one of them lands on the next workday, which may lie in the next month.
    """
    landings = ((day, next_workday(day + dt.timedelta(1), overrides)) for day in days)
    return {Month.of(day) for pair in landings for day in pair if day is not None}


def calendar_changed(connection: Connection, company_id: int, days: Collection[dt.date]) -> None:
    """Days of the work calendar became workdays or days off, and are stored so."""
    if not days:
        return
    table = CalendarDay.__table__
    until = max(days) + dt.timedelta(DAYS_LOOKED_BACK + 1)
    rows = connection.execute(
        select(table.c.day, table.c.is_workday).where(
            table.c.company_id == company_id, table.c.day.between(min(days), until)
        )
    )
    months = months_of_order_days(days, {row.day: row.is_workday for row in rows})
    mark_months_stale(
        connection, company_id, {month.next for month in months}, StaleReason.SETTINGS, utc_now()
    )


def key_brands_changed(connection: Connection, company_id: int, month: Month) -> None:
    """The key brands of `month` were recorded: the month after it is computed with them."""
    mark_months_stale(connection, company_id, [month.next], StaleReason.SETTINGS, utc_now())


def watched_changed(connection: Connection, scope: Scope, first: Month, last: Month) -> None:
    """Watched products, targets or their customers of the analysed months `first` to `last`."""
    mark_range_stale(connection, scope, first.next, last.next, StaleReason.WATCHED, utc_now())


# ---------------------------------------------------------------------- records


def notice_changes(session: Session, flush_context: Any) -> None:
    """`after_flush` listener: what this flush changed that results were made from."""
    customers: dict[int, list[Customer]] = {}
    companies: set[int] = set()
    days: dict[int, list[dt.date]] = {}
    for item in (*session.new, *session.dirty, *session.deleted):
        if isinstance(item, Customer):
            if item not in session.new and _changed(item, CUSTOMER_INPUTS):
                customers.setdefault(item.company_id, []).append(item)
        elif _is_setting(session, item):
            companies.add(item.company_id)
        elif isinstance(item, CalendarDay):
            if _is_other_day(session, item):
                days.setdefault(item.company_id, []).append(item.day)
        elif isinstance(item, FocusProduct) and (
            item in session.deleted or _changed(item, FOCUS_INPUTS)
        ):
            _focus_changed(session, item)
    if not (customers or companies or days):
        return
    connection = session.connection()
    for company_id, changed in sorted(days.items()):
        calendar_changed(connection, company_id, changed)
    for company_id in sorted(companies):
        settings_changed(connection, company_id)
    for company_id, items in sorted(customers.items()):
        lists = {item.territory_id for item in items if _changed(item, MEMBERSHIP)}
        customers_changed(connection, company_id, [item.id for item in items], lists)


def _focus_changed(session: Session, item: FocusProduct) -> None:
    """The months it covers or covered, for the territories of its department."""
    table = Territory.__table__
    territories = session.connection().scalars(
        select(table.c.id).where(
            table.c.company_id == item.company_id, table.c.department_id == item.department_id
        )
    )
    attributes: Any = inspect(item).attrs
    ends = [
        month
        for name in ("from_month", "to_month")
        for month in (getattr(item, name), *(attributes[name].history.deleted or ()))
        if month is not None
    ]
    scope = Scope.of(item.company_id, territories)
    watched_changed(session.connection(), scope, min(ends), max(ends))


def _is_other_day(session: Session, item: CalendarDay) -> bool:
    """Whether a day became a workday or a day off; without an entry the weekend rule holds."""
    if item in session.new or item in session.deleted:
        return item.is_workday == is_weekend(item.day)
    return _changed(item, ("is_workday", "day"))


def _is_setting(session: Session, item: Any) -> bool:
    if isinstance(item, CATALOGUES):
        whole = item in session.new or item in session.deleted
        return whole or _changed(item, CATALOGUE_INPUTS)
    if isinstance(item, Product):
        return item in session.dirty and _changed(item, PRODUCT_INPUTS)
    if isinstance(item, ParameterVersion):
        return item in session.new and item.number > 1 and _changes_results(session, item)
    return False


def _changed(item: Any, names: Collection[str]) -> bool:
    attributes = inspect(item).attrs
    return any(name in attributes and attributes[name].history.has_changes() for name in names)


def _changes_results(session: Session, version: ParameterVersion) -> bool:
    """Whether a value that step 2 reads differs from the version before."""
    value, table = ParameterValue.__table__, ParameterVersion.__table__
    rows = session.connection().execute(
        select(value.c.code, value.c.value)
        .join(table, table.c.id == value.c.version_id)
        .where(table.c.company_id == version.company_id, table.c.number == version.number - 1)
    )
    before = {row.code: row.value for row in rows}
    return any(
        before.get(entry.code) != entry.value
        for entry in version.values
        if entry.code in PARAMETER_INPUTS
        or entry.code.split("_", maxsplit=1)[0] in PARAMETER_GROUPS
    )


def install(session: Any = None) -> None:
    """Attach the rules to the application's session factory, once per process."""
    target = session or db.session
    if not event.contains(target, "after_flush", notice_changes):
        event.listen(target, "after_flush", notice_changes)
