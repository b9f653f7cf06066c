"""§2.2 step 8 — key customers and why they are; `app.plan.rules.key_customers` specifies it.

Only drafts are looked at: what was submitted or approved does not change any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    exists,
    literal,
    not_,
    select,
    union,
    union_all,
)

from app.kernel.dialect import OrderedJoin
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_problem_codes import MARKING_CODES
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    Customer,
    CustomerProblem,
    CustomerState,
    CustomerStatus,
    Judgement,
    KeyCustomer,
    KeyCustomerReason,
    KeyReason,
    MarketAnalysis,
    MarketAnalysisLine,
    MarketIndicator,
    MonthPlan,
    MonthPlanStatus,
    ProblemCode,
    RateKind,
    RowOrigin,
)
from app.plan.rules.key_customers import INDICATOR_CODES, NO_PRODUCT, RATE_CODES

PLAN, CUSTOMER = MonthPlan.__table__, Customer.__table__
KEY, REASON = KeyCustomer.__table__, KeyCustomerReason.__table__
STATE, PROBLEM = CustomerState.__table__, CustomerProblem.__table__
BRAND, BRAND_LINE = BrandAnalysis.__table__, BrandAnalysisLine.__table__
MARKET, MARKET_LINE = MarketAnalysis.__table__, MarketAnalysisLine.__table__

REASON_COLUMNS = (
    "company_id", "plan_id", "customer_id", "kind", "code", "indicator", "product_id",
)  # fmt: skip


def drafts(scope: Scope, month: Month) -> Subquery:
    """The month's plans in scope that may still be written: (company_id, plan_id, territory_id)."""
    return (
        select(PLAN.c.company_id, PLAN.c.id.label("plan_id"), PLAN.c.territory_id)
        .where(is_draft(scope, month))
        .subquery("drafts")
    )


def is_draft(scope: Scope, month: Month) -> ColumnElement[bool]:
    """Whether a month plan is one of them."""
    return and_(scope.rows(PLAN), PLAN.c.month == month, PLAN.c.status == MonthPlanStatus.DRAFT)


def is_planned(month: Month, territory_id: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a customer belongs into the plan of the territory: valid, standing in it, open
    before the month ends.
    """
    return and_(
        CUSTOMER.c.territory_id == territory_id,
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
        CUSTOMER.c.open_date <= month.last_day,
    )


def same_customer(table: Any, other: Any = CUSTOMER) -> ColumnElement[bool]:
    """`table` has a row of the customer of `other`."""
    key = other.c.id if other is CUSTOMER else other.c.customer_id
    return and_(table.c.company_id == other.c.company_id, table.c.customer_id == key)


def key_customer_rows(scope: Scope, month: Month) -> Select[Any]:
    """The reasons for which customers are key customers of `month`, as the analyses stand now:
    (company_id, territory_id, customer_id, kind, code, indicator, product_id), each once.
    """
    found = union_all(_marked(scope, month), _of_brands(scope, month), _of_market(scope, month))
    rows = found.subquery("found")
    return select(*rows.c)


def _columns(kind: KeyReason, code: Any, indicator: Any, product_id: Any) -> tuple[Any, ...]:
    return (
        CUSTOMER.c.company_id,
        CUSTOMER.c.territory_id,
        CUSTOMER.c.id.label("customer_id"),
        literal(kind.name).label("kind"),
        cast(code, String(24)).label("code"),
        cast(indicator, String(24)).label("indicator"),
        product_id.label("product_id"),
    )


def _has_problem(month: Month) -> ColumnElement[bool]:
    return and_(same_customer(PROBLEM), PROBLEM.c.month == month)


def _valid(scope: Scope, month: Month) -> ColumnElement[bool]:
    return and_(scope.rows(CUSTOMER), is_planned(month, CUSTOMER.c.territory_id))


def _marked(scope: Scope, month: Month) -> Select[Any]:
    codes = [ProblemCode[code] for code in sorted(MARKING_CODES)]
    return (
        select(
            *_columns(KeyReason.PROBLEM_CUSTOMER, PROBLEM.c.code, literal(""), literal(NO_PRODUCT))
        )
        .join(STATE, and_(same_customer(STATE), STATE.c.month == month))
        .join(PROBLEM, and_(_has_problem(month), PROBLEM.c.code.in_(codes)))
        .where(_valid(scope, month), STATE.c.is_problem)
    )


def _code_of(column: Any, members: Any, codes: Mapping[str, str]) -> Any:
    """The problem code an abnormal rate or indicator asks for; NULL for one without a code."""
    return case(*((column == members[name], code) for name, code in codes.items()))


def _abnormal(
    scope: Scope, month: Month, header: Any, line: Any, *columns: ColumnElement[Any]
) -> Subquery:
    """What was finally judged abnormal in the month before, by territory: (company_id,
    territory_id, `columns`). Few rows: DISTINCT makes SQLite build them once and index them,
    where it would otherwise look through all lines of a territory for every problem.
    """
    return (
        select(header.c.company_id, header.c.territory_id, *columns)
        .distinct()
        .join(
            line,
            and_(line.c.company_id == header.c.company_id, line.c.analysis_id == header.c.id),
        )
        .where(
            scope.rows(header),
            header.c.month == month.previous,
            line.c.final_status == Judgement.ABNORMAL,
        )
        .subquery("abnormal")
    )


def _agreeing(scope: Scope, month: Month, abnormal: Subquery) -> Select[Any]:
    """What is abnormal, the valid customers of its territory, their problem that agrees."""
    customers = OrderedJoin(
        abnormal,
        CUSTOMER,
        and_(
            CUSTOMER.c.company_id == abnormal.c.company_id,
            CUSTOMER.c.territory_id == abnormal.c.territory_id,
            _valid(scope, month),
        ),
    )
    agrees = and_(_has_problem(month), PROBLEM.c.code == abnormal.c.code)
    return select().select_from(OrderedJoin(customers, PROBLEM, agrees))


def _of_brands(scope: Scope, month: Month) -> Select[Any]:
    code = _code_of(BRAND_LINE.c.rate, RateKind, RATE_CODES)
    abnormal = _abnormal(
        scope, month, BRAND, BRAND_LINE, BRAND_LINE.c.rate, BRAND_LINE.c.product_id,
        code.label("code"),
    )  # fmt: skip
    columns = _columns(KeyReason.BRAND, PROBLEM.c.code, abnormal.c.rate, PROBLEM.c.product_id)
    return (
        _agreeing(scope, month, abnormal)
        .add_columns(*columns)
        .where(abnormal.c.product_id == PROBLEM.c.product_id)
    )


def _of_market(scope: Scope, month: Month) -> Select[Any]:
    """A code may be there for several products; the indicator is of the territory."""
    code = _code_of(MARKET_LINE.c.indicator, MarketIndicator, INDICATOR_CODES)
    abnormal = _abnormal(
        scope, month, MARKET, MARKET_LINE, MARKET_LINE.c.indicator, code.label("code")
    )
    columns = _columns(KeyReason.MARKET, PROBLEM.c.code, abnormal.c.indicator, literal(NO_PRODUCT))
    return _agreeing(scope, month, abnormal).add_columns(*columns).distinct()


# ---------------------------------------------------------------------- in the drafts


def reason_rows(scope: Scope, month: Month) -> Select[Any]:
    """The reasons of the drafts in scope, in `REASON_COLUMNS`."""
    draft, found = drafts(scope, month), key_customer_rows(scope, month).subquery("reasons")
    values = {
        **{name: found.c[name] for name in ("company_id", "customer_id", "indicator")},
        "plan_id": draft.c.plan_id,
        "kind": cast(found.c.kind, REASON.c.kind.type).label("kind"),
        "code": found.c.code,
        "product_id": found.c.product_id,
    }
    return select(*(values[name] for name in REASON_COLUMNS)).join(
        draft,
        and_(
            draft.c.company_id == found.c.company_id,
            draft.c.territory_id == found.c.territory_id,
        ),
    )


def same_plan(table: Any, draft: Any) -> ColumnElement[bool]:
    """`table` has a row of the plan."""
    return and_(table.c.company_id == draft.c.company_id, table.c.plan_id == draft.c.plan_id)


def stored_keys(scope: Scope, month: Month) -> Select[Any]:
    """The key customers the drafts have now: (company_id, plan_id, customer_id). Those who closed
    or moved are left out.
    """
    draft = drafts(scope, month)
    return (
        select(KEY.c.company_id, KEY.c.plan_id, KEY.c.customer_id)
        .join(draft, same_plan(KEY, draft))
        .join(CUSTOMER, and_(same_customer(KEY), is_planned(month, draft.c.territory_id)))
        .where(not_(KEY.c.is_removed))
    )


def proposed_keys(scope: Scope, month: Month) -> Select[Any]:
    """The key customers after a generation: what the rule finds without those a person removed,
    and those a person added.
    """
    reasons = reason_rows(scope, month).subquery("proposed")
    is_removed = exists().where(
        same_plan(KEY, reasons), same_customer(KEY, reasons), KEY.c.is_removed
    )
    by_rule = select(reasons.c.company_id, reasons.c.plan_id, reasons.c.customer_id).where(
        not_(is_removed)
    )
    by_hand = stored_keys(scope, month).where(KEY.c.origin == RowOrigin.MANUAL)
    keys = union(by_rule, by_hand).subquery("keys")
    return select(*keys.c)
