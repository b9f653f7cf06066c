"""What the home page reads besides the step board: one statement, whatever the role.

Each subject is a select of the same columns; together they are one UNION ALL, so the page stays at
a fixed, small number of statements however many cards it has. A subject that has a home in a step
(days of visits, customers not visited) is that step's select.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Date,
    DateTime,
    Integer,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from app.execution.step_11_daily_visit import day_counts, unvisited_customers
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.kernel.sql import count_if, whole
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    CalendarDay,
    Customer,
    CustomerState,
    CustomerStatus,
    FollowUp,
    FollowUpStatus,
    Judgement,
    KeyCustomer,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MarketTarget,
    MonthPlan,
    MonthSummary,
    OperatingState,
    ParameterValue,
    ParameterVersion,
    PlannedFrequency,
    Product,
    SalesLine,
    ServicePlan,
    TerritorySales,
    WeekSummary,
)

COLUMNS: Mapping[str, Any] = {
    "territory_id": Integer(),
    "record_id": BigInteger(),
    "day": Date(),
    "at": DateTime(),
    "code": String(40),
    "name": String(120),
    "text": String(500),
    "n1": BigInteger(),
    "n2": BigInteger(),
    "n3": BigInteger(),
    "n4": BigInteger(),
}
"""`n1` … `n4` are what the subject's function says."""

SHOWN_PROBLEMS = 3
PLAN_RETURNED, MONTH_RETURNED, WEEK_RETURNED, SUMMARY_RETURNED = "7", "8", "13", "14"
RESULT_RETURNED = "12"
"""Of `returned`: the number of the step whose record came back."""

CUSTOMER, STATE = Customer.__table__, CustomerState.__table__
MATRIX = OperatingState.__table__
VALUE, VERSION = ParameterValue.__table__, ParameterVersion.__table__
DAY, LINE, PRODUCT = CalendarDay.__table__, SalesLine.__table__, Product.__table__
TARGET, ROLL_UP, FOLLOW_UP = MarketTarget.__table__, TerritorySales.__table__, FollowUp.__table__
PLAN, KEY, FREQUENCY = MonthPlan.__table__, KeyCustomer.__table__, PlannedFrequency.__table__
BRAND, BRAND_LINE = BrandAnalysis.__table__, BrandAnalysisLine.__table__
MARKET, MARKET_LINE = MarketAnalysis.__table__, MarketAnalysisLine.__table__
SERVICE, WEEK, SUMMARY = ServicePlan.__table__, WeekSummary.__table__, MonthSummary.__table__


def together(subjects: Iterable[Select[Any]]) -> Any:
    """All subjects as one statement."""
    return union_all(*subjects)


def read(session: Session, statement: Any) -> dict[str, list[Any]]:
    """Kind → its rows. A kind without rows is missing."""
    found: dict[str, list[Any]] = {}
    for row in session.connection().execute(statement):
        found.setdefault(row.kind, []).append(row)
    return found


def _subject(kind: str, **columns: Any) -> Select[Any]:
    values = [
        # As plain text, so that the code lists of all kinds fit into one column.
        (type_coerce(columns[name], type_) if name in columns else cast(null(), type_)).label(name)
        for name, type_ in COLUMNS.items()
    ]
    return select(literal(kind).label("kind"), *values)


def work_days(scope: Scope, month: Month) -> Select[Any]:
    """Days that differ from Monday to Friday or have a name: day, name, n1 = 1 on a workday."""
    return _subject("work_day", day=DAY.c.day, name=DAY.c.name, n1=_flag(DAY.c.is_workday)).where(
        scope.company(DAY), DAY.c.day.between(month.first_day, month.last_day)
    )


def visit_days(scope: Scope, month: Month) -> Select[Any]:
    """Days with visits: n1 planned, n2 done, n3 missed, n4 = 1 when too short to raise no question.

    `n4` holds the minutes; −1 when there was no visit or somebody's minutes are unknown.
    """
    days = day_counts(scope, month.first_day, month.last_day).order_by(None).subquery()
    is_known = and_(days.c.visited > 0, days.c.without_minutes == 0)
    return _subject(
        "visit_day",
        territory_id=days.c.territory_id,
        day=days.c.date,
        n1=days.c.planned,
        n2=days.c.done,
        n3=days.c.missed,
        n4=func.coalesce(_if(is_known, days.c.minutes), -1),
    )


def sales_days(scope: Scope, month: Month) -> Select[Any]:
    """Order days of the month and of the one before: n1 cartons, n2 sticks.

    The days are listed one by one, so that the index by date and territory is used.
    """
    days = [*month.previous.days(), *month.days()]
    return (
        _subject(
            "sales_day",
            territory_id=LINE.c.territory_id,
            day=LINE.c.order_date,
            n1=whole(func.sum(LINE.c.delivered_cartons)),
            n2=whole(func.sum(LINE.c.delivered_cartons * PRODUCT.c.sticks_per_carton)),
        )
        .join_from(LINE, PRODUCT, PRODUCT.c.id == LINE.c.product_id)
        .where(scope.rows(LINE), LINE.c.order_date.in_(days))
        .group_by(LINE.c.territory_id, LINE.c.order_date)
    )


def sales_months(scope: Scope, month: Month) -> Select[Any]:
    """Territory sales of the month and the one before: record_id yyyymm, n1 cartons, n2 sticks."""
    return (
        _subject(
            "sales_month",
            territory_id=ROLL_UP.c.territory_id,
            record_id=type_coerce(ROLL_UP.c.month, Integer),
            n1=whole(func.sum(ROLL_UP.c.delivered_cartons)),
            n2=whole(func.sum(ROLL_UP.c.delivered_cartons * PRODUCT.c.sticks_per_carton)),
        )
        .join_from(ROLL_UP, PRODUCT, PRODUCT.c.id == ROLL_UP.c.product_id)
        .where(scope.rows(ROLL_UP), ROLL_UP.c.month.in_((month, month.previous)))
        .group_by(ROLL_UP.c.territory_id, ROLL_UP.c.month)
    )


def volume_targets(scope: Scope, month: Month) -> Select[Any]:
    """Targets of the sales volume set in step 6: n1 hundredths of standard cartons."""
    return _subject("target", territory_id=TARGET.c.territory_id, n1=TARGET.c.value).where(
        scope.rows(TARGET), TARGET.c.month == month, TARGET.c.indicator == MarketIndicator.VOLUME
    )


def key_customers(scope: Scope, month: Month) -> Select[Any]:
    """Month plans: code = state, n1 key customers not removed, n2 the other ranked customers."""
    of_plan = and_(KEY.c.company_id == PLAN.c.company_id, KEY.c.plan_id == PLAN.c.id)
    ranked = and_(FREQUENCY.c.company_id == PLAN.c.company_id, FREQUENCY.c.plan_id == PLAN.c.id)
    return _subject(
        "month_plan",
        territory_id=PLAN.c.territory_id,
        record_id=PLAN.c.id,
        code=PLAN.c.status,
        n1=select(func.count())
        .select_from(KEY)
        .where(of_plan, KEY.c.is_removed.is_(False))
        .correlate(PLAN)
        .scalar_subquery(),
        n2=select(func.count())
        .select_from(FREQUENCY)
        .where(ranked, FREQUENCY.c.is_key.is_(False))
        .correlate(PLAN)
        .scalar_subquery(),
    ).where(scope.rows(PLAN), PLAN.c.month == month)


def abnormal_brands(scope: Scope, month: Month) -> Select[Any]:
    """Rates of the analysed month judged abnormal in the end: record_id the analysis, code the
    rate, name the product, n1 numerator, n2 denominator, n3 target, n4 the product's id.
    """
    return _abnormal("brand", BRAND, BRAND_LINE, scope, month, PRODUCT.c.name, "rate").join(
        PRODUCT, PRODUCT.c.id == BRAND_LINE.c.product_id
    )


def abnormal_indicators(scope: Scope, month: Month) -> Select[Any]:
    """Indicators of the analysed month judged abnormal in the end; columns as of the brands."""
    return _abnormal("market", MARKET, MARKET_LINE, scope, month, None, "indicator")


def _abnormal(
    kind: str, record: Any, line: Any, scope: Scope, month: Month, name: Any, code: str
) -> Select[Any]:
    columns = {} if name is None else {"name": name, "n4": line.c.product_id}
    return (
        _subject(
            kind,
            territory_id=record.c.territory_id,
            record_id=record.c.id,
            code=line.c[code],
            n1=line.c.actual_num,
            n2=line.c.actual_den,
            n3=line.c.target,
            **columns,
        )
        .select_from(record)
        .join(
            line, and_(line.c.company_id == record.c.company_id, line.c.analysis_id == record.c.id)
        )
        .where(
            scope.rows(record),
            record.c.month == month,
            line.c.final_status == Judgement.ABNORMAL,
        )
    )


def problem_customers(scope: Scope, month: Month) -> Select[Any]:
    """Problem customers of the work month, furthest behind their peers first: record_id and name
    the customer, code and text its state, n1 hundredths behind, n2 how many there are in all.
    """
    rows = (
        select(
            STATE.c.territory_id,
            STATE.c.customer_id,
            CUSTOMER.c.name,
            MATRIX.c.name.label("state"),
            MATRIX.c.name_en.label("state_en"),
            STATE.c.growth_shortfall,
            func.count().over().label("all"),
        )
        .join_from(
            STATE,
            CUSTOMER,
            and_(CUSTOMER.c.company_id == STATE.c.company_id, CUSTOMER.c.id == STATE.c.customer_id),
        )
        .outerjoin(MATRIX, MATRIX.c.id == STATE.c.operating_state_id)
        .where(scope.rows(STATE), STATE.c.month == month, STATE.c.is_problem.is_(True))
        .order_by(STATE.c.growth_shortfall.desc().nulls_last(), CUSTOMER.c.code)
        .limit(SHOWN_PROBLEMS)
        .subquery()
    )
    return _subject(
        "problem",
        territory_id=rows.c.territory_id,
        record_id=rows.c.customer_id,
        name=rows.c.name,
        text=rows.c.state,
        code=rows.c.state_en,
        n1=rows.c.growth_shortfall,
        n2=rows.c["all"],
    )


def returned_records(scope: Scope, month: Month) -> tuple[Select[Any], ...]:
    """Records of the month that came back: code = step, text = why, day = first day of a week."""
    result = SERVICE.c.status == "APPROVED"
    return (
        _returned(
            SERVICE, scope, month, func.coalesce(_if(result, RESULT_RETURNED), PLAN_RETURNED)
        ),
        _returned(PLAN, scope, month, literal(MONTH_RETURNED)),
        _returned(WEEK, scope, month, literal(WEEK_RETURNED), day=WEEK.c.start_date),
        _returned(SUMMARY, scope, month, literal(SUMMARY_RETURNED)),
    )


def _returned(table: Any, scope: Scope, month: Month, code: Any, **columns: Any) -> Select[Any]:
    return _subject(
        "returned",
        territory_id=table.c.territory_id,
        record_id=table.c.id,
        at=table.c.decided_at,
        code=code,
        text=table.c.return_reason,
        **columns,
    ).where(scope.rows(table), table.c.month == month, table.c.return_reason.is_not(None))


def follow_up_counts(scope: Scope, user_id: int | None, today: dt.date) -> Select[Any]:
    """n1 the person's unfinished ones, n2 overdue among all, n3 answers the customer waits for."""
    is_open = FOLLOW_UP.c.status.in_((FollowUpStatus.OPEN, FollowUpStatus.IN_WORK))
    return _subject(
        "follow_up",
        n1=count_if(and_(is_open, FOLLOW_UP.c.owner_id == user_id)),
        n2=count_if(and_(is_open, FOLLOW_UP.c.due_date < today)),
        n3=count_if(FOLLOW_UP.c.status == FollowUpStatus.RESOLVED),
    ).where(scope.rows(FOLLOW_UP))


def parameters(scope: Scope) -> Select[Any]:
    """The company's newest parameters: code, n1 the value, record_id the number of the version."""
    newest = select(func.max(VERSION.c.number)).where(scope.company(VERSION)).scalar_subquery()
    return (
        _subject("parameter", code=VALUE.c.code, n1=VALUE.c.value, record_id=VERSION.c.number)
        .join_from(VALUE, VERSION, VERSION.c.id == VALUE.c.version_id)
        .where(scope.company(VERSION), VERSION.c.number == newest)
    )


def customer_counts(scope: Scope) -> Select[Any]:
    """n1 customers in business, n2 of them without visit mode, n3 without line."""
    return _subject(
        "customer",
        n1=func.count(CUSTOMER.c.id),
        n2=count_if(CUSTOMER.c.visit_mode.is_(None)),
        n3=count_if(or_(CUSTOMER.c.line.is_(None), CUSTOMER.c.line == "")),
    ).where(scope.rows(CUSTOMER), CUSTOMER.c.status == CustomerStatus.ACTIVE)


def not_visited(scope: Scope, month: Month, until: dt.date) -> Select[Any]:
    """Territories with customers nobody visited in the month: n1 customers, n2 with a planned visit."""
    rows = unvisited_customers(scope, month, until).order_by(None).subquery()
    return _subject(
        "not_visited",
        territory_id=rows.c.territory_id,
        n1=func.count(),
        n2=count_if(rows.c.planned > 0),
    ).group_by(rows.c.territory_id)


def waiting(scope: Scope, subjects: Collection[Any]) -> tuple[Select[Any], ...]:
    """Records that wait for a decision or a word: code = subject, n1 how many, at since when."""
    tables = {
        "ServicePlan": SERVICE,
        "MonthPlan": PLAN,
        "WeekSummary": WEEK,
        "MonthSummary": SUMMARY,
    }
    found = []
    for subject in subjects:
        table = tables[subject.kind]
        conditions = [scope.rows(table), table.c.status == subject.state]
        if not subject.approve:
            conditions.append(or_(table.c.comment.is_(None), table.c.comment == ""))
        found.append(
            _subject(
                "waiting",
                code=literal(subject.name),
                n1=func.count(table.c.id),
                at=func.min(table.c[f"{subject.prefix}submitted_at"]),
            ).where(*conditions)
        )
    return tuple(found)


def _if(condition: Any, value: Any) -> Any:
    return case((condition, value))


def _flag(condition: Any) -> Any:
    return case((condition, 1), else_=0)
