"""§2.2 step 2 — problem codes of customers.

`app.analysis.rules.problems` specifies the codes. Only problem types in use are looked for.
Catalogues tie needs, ability items and problems together: a confirmed need is an open complaint
when it calls for a strategy of COMPLAINT, a low ability score is a price-tag problem when its
item calls for a strategy of NO_PRICETAG.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    literal,
    not_,
    or_,
    select,
    union_all,
)

from app.analysis.rules.effect import HUNDREDTHS
from app.analysis.rules.problems import LOW_ITEM_CODES, NO_PRODUCT
from app.analysis.statements.watched_products import (
    bought_before,
    bought_by_member,
    is_watched,
    list_members,
    lookback,
    sold_months,
    watched_product_ids,
)
from app.kernel.exact import reduced
from app.kernel.period import Month
from app.kernel.quantity import STICKS_PER_STANDARD_CARTON
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.master.rules_problem_codes import MARKING_CODES
from app.models import (
    AbilityItem,
    AbilityItemStrategy,
    BrandTarget,
    Customer,
    CustomerAbilityScore,
    CustomerEffectItem,
    CustomerProblem,
    CustomerState,
    MonthlySales,
    NeedOptionStrategy,
    OperatingState,
    OperatingStateStrategy,
    OrderMode,
    ProblemType,
    ProblemTypeStrategy,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireStatus,
    ServiceStrategy,
    SettleMode,
)

STATE, ITEM, SCORE = (
    CustomerState.__table__,
    CustomerEffectItem.__table__,
    CustomerAbilityScore.__table__,
)
PROBLEM, TYPE, TYPE_STRATEGY = (
    CustomerProblem.__table__,
    ProblemType.__table__,
    ProblemTypeStrategy.__table__,
)
OPERATING, OPERATING_STRATEGY = OperatingState.__table__, OperatingStateStrategy.__table__
ABILITY, ABILITY_STRATEGY = AbilityItem.__table__, AbilityItemStrategy.__table__
CUSTOMER, SALES, STRATEGY = Customer.__table__, MonthlySales.__table__, ServiceStrategy.__table__
FORM, ANSWER, NEED_STRATEGY = (
    Questionnaire.__table__,
    QuestionnaireAnswer.__table__,
    NeedOptionStrategy.__table__,
)

PROBLEM_COLUMNS = ("company_id", "month", "customer_id", "code", "product_id")


def in_scope(scope: Scope, month: Month) -> ColumnElement[bool]:
    """States of the month in scope."""
    return and_(scope.rows(STATE), STATE.c.month == month)


def same_customer(other: Any) -> ColumnElement[bool]:
    """Rows of the state's customer and month."""
    return and_(
        other.c.company_id == STATE.c.company_id,
        other.c.customer_id == STATE.c.customer_id,
        other.c.month == STATE.c.month,
    )


def state_problem_rows(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    """Codes without a product, in the columns of `CustomerProblem`. `month` = work month."""
    parts = [
        _low_items(scope, month, parameters),
        *(
            _rows(scope, month, code, condition)
            for code, condition in _state_conditions(parameters).items()
        ),
        _customer_flag(scope, month, "NO_ONLINE", CUSTOMER.c.order_mode != OrderMode.ONLINE),
        _customer_flag(scope, month, "NO_ESETTLE", CUSTOMER.c.settle_mode != SettleMode.ELECTRONIC),
        _rows(scope, month, "NO_PRICETAG", _has_low_price_score(scope.company_id)),
        _rows(scope, month, "COMPLAINT", _has_complaint(scope.company_id)),
        _rows(
            scope,
            month,
            "STATE_PROBLEM",
            exists().where(
                OPERATING.c.company_id == scope.company_id,
                OPERATING.c.id == STATE.c.operating_state_id,
                OPERATING.c.is_problem,
            ),
        ),
    ]
    found = union_all(*parts).subquery("found")
    return _of_types_in_use(scope.company_id, found)


def _of_types_in_use(company_id: int, found: Any) -> Select[Any]:
    in_use = select(TYPE.c.code).where(TYPE.c.company_id == company_id, TYPE.c.is_active)
    return select(
        found.c.company_id,
        found.c.month,
        found.c.customer_id,
        cast(found.c.code, PROBLEM.c.code.type),
        found.c.product_id,
    ).where(found.c.code.in_(in_use))


def _columns(code: Any, product: Any = NO_PRODUCT) -> tuple[Any, ...]:
    return (
        STATE.c.company_id,
        STATE.c.month,
        STATE.c.customer_id,
        (literal(code) if isinstance(code, str) else code).label("code"),
        (literal(product) if isinstance(product, int) else product).label("product_id"),
    )


def _rows(scope: Scope, month: Month, code: str, condition: ColumnElement[bool]) -> Select[Any]:
    return select(*_columns(code)).where(in_scope(scope, month), condition)


def _low_items(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    code = case(*((ITEM.c.item == item, code) for item, code in LOW_ITEM_CODES.items()))
    return (
        select(*_columns(code))
        .join(ITEM, same_customer(ITEM))
        .where(
            in_scope(scope, month),
            not_(STATE.c.is_new),
            ITEM.c.item.in_(list(LOW_ITEM_CODES)),
            ITEM.c.score < parameters.problem_item_score * HUNDREDTHS,
        )
    )


def _state_conditions(parameters: Parameters) -> dict[str, ColumnElement[bool]]:
    f = STATE.c
    rated = not_(f.is_new)
    share, whole = reduced(parameters.problem_order_regularity_percent, 100)
    kept = case((f.order_weeks < f.due_weeks, f.order_weeks), else_=f.due_weeks)
    conditions = {
        "ORDER_UNSTABLE": and_(rated, f.due_weeks > 0, kept * whole < f.due_weeks * share),
        "VOL_DOWN": and_(
            rated, f.growth_shortfall >= parameters.problem_decline_points * HUNDREDTHS
        ),
        "FAR_BEHIND_PEERS": and_(
            rated, f.growth_shortfall >= parameters.problem_customer_gap_points * HUNDREDTHS
        ),
    }
    if parameters.problem_peer_growth_percent:
        share, whole = reduced(parameters.problem_peer_growth_percent, 100)
        conditions["GROWTH_SHARE_LOW"] = and_(
            rated,
            f.previous_sticks > 0,
            f.peer_previous_sticks > 0,
            f.sticks * f.peer_previous_sticks * whole < f.peer_sticks * f.previous_sticks * share,
        )
    if parameters.problem_large_buyer_cartons:
        conditions["LARGE_BUYER"] = (
            f.sticks > parameters.problem_large_buyer_cartons * STICKS_PER_STANDARD_CARTON
        )
    return conditions


def _customer_flag(
    scope: Scope, month: Month, code: str, condition: ColumnElement[bool]
) -> Select[Any]:
    return (
        select(*_columns(code))
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == STATE.c.company_id, CUSTOMER.c.id == STATE.c.customer_id),
        )
        .where(in_scope(scope, month), condition)
    )


def _strategies_of(company_id: int, code: str) -> Select[Any]:
    return (
        select(TYPE_STRATEGY.c.strategy_id)
        .join(TYPE, TYPE.c.id == TYPE_STRATEGY.c.problem_type_id)
        .where(TYPE.c.company_id == company_id, TYPE.c.code == code)
    )


def _has_low_price_score(company_id: int) -> ColumnElement[bool]:
    items = select(ABILITY_STRATEGY.c.ability_item_id).where(
        ABILITY_STRATEGY.c.strategy_id.in_(_strategies_of(company_id, "NO_PRICETAG"))
    )
    return (
        exists()
        .where(same_customer(SCORE), ABILITY.c.id == SCORE.c.ability_item_id)
        .where(
            ABILITY.c.company_id == company_id,
            ABILITY.c.is_active,
            SCORE.c.score <= ABILITY.c.low_score,
            ABILITY.c.id.in_(items),
        )
    )


def _has_complaint(company_id: int) -> ColumnElement[bool]:
    needs = select(NEED_STRATEGY.c.need_option_id).where(
        NEED_STRATEGY.c.strategy_id.in_(_strategies_of(company_id, "COMPLAINT"))
    )
    return exists().where(
        same_customer(FORM),
        FORM.c.status == QuestionnaireStatus.CONFIRMED,
        ANSWER.c.company_id == FORM.c.company_id,
        ANSWER.c.questionnaire_id == FORM.c.id,
        ANSWER.c.need_option_id.in_(needs),
    )


def product_problem_rows(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    """Codes of the watched products of K = `month` − 1, in the columns of `CustomerProblem`."""
    found = union_all(
        _codes_of_sales(scope, month, parameters), _codes_of_lists(scope, month)
    ).subquery("found")
    return _of_types_in_use(scope.company_id, found)


def _codes_of_sales(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    analysed = month.previous
    months = lookback(analysed, parameters.abnormal_active_base_months)
    watched = watched_product_ids(scope, analysed)
    if scope.territory_ids is None:
        conditions = [SALES.c.product_id.in_(watched)]
    else:
        # Few customers: SQLite reads theirs by the key, adding zero keeps it from the products.
        managed = select(STATE.c.customer_id).where(in_scope(scope, month))
        conditions = [SALES.c.customer_id.in_(managed), (SALES.c.product_id + 0).in_(watched)]
    sales = sold_months(scope, months, ("customer_id", "product_id"), conditions)
    stopped, missed = sales.c.cartons_0 <= 0, sales.c.stockout_lines > 0
    tests = {
        "NOT_ACTIVE": and_(stopped, bought_before(sales, months)),
        "STOCKOUT": missed,
        "NO_REPURCHASE": and_(stopped, sales.c.cartons_1 > 0),
    }
    codes = union_all(*(select(literal(code).label("code")) for code in tests)).subquery("codes")
    holds = or_(*(and_(codes.c.code == code, test) for code, test in tests.items()))
    return (
        select(*_columns(codes.c.code, sales.c.product_id))
        .select_from(
            sales.join(codes, holds).join(
                STATE,
                and_(
                    STATE.c.company_id == sales.c.company_id,
                    STATE.c.customer_id == sales.c.customer_id,
                    STATE.c.month == month,
                ),
            )
        )
        # Most purchases give no code: they go before anything is looked up for them.
        .where(or_(stopped, missed))
        .where(scope.rows(STATE), is_watched(STATE, sales.c.product_id, analysed))
    )


def _codes_of_lists(scope: Scope, month: Month) -> Select[Any]:
    """Target customers on the list of their own territory who did not buy in K anywhere."""
    analysed = month.previous
    members = (
        list_members(scope, analysed)
        .where(CUSTOMER.c.territory_id == BrandTarget.__table__.c.territory_id)
        # First of all: the lists are short for their tables, and no customer is a better start.
        .cte("members")
        .prefix_with("MATERIALIZED")
    )
    bought = bought_by_member(
        Scope(scope.company_id), analysed, members, ("customer_id", "product_id")
    )
    return (
        select(*_columns("NOT_STOCKED", members.c.product_id))
        .select_from(
            members.join(
                STATE,
                and_(
                    STATE.c.company_id == members.c.company_id,
                    STATE.c.customer_id == members.c.customer_id,
                    STATE.c.month == month,
                ),
            )
        )
        .where(
            scope.rows(STATE),
            or_(
                STATE.c.territory_id == members.c.territory_id,
                is_watched(STATE, members.c.product_id, analysed),
            ),
            bought <= 0,
        )
    )


def is_marked() -> ColumnElement[bool]:
    """Whether the state's customer has a code that marks a problem customer."""
    return exists().where(same_customer(PROBLEM), PROBLEM.c.code.in_(sorted(MARKING_CODES)))
