"""§2.2 step 8 — rank and frequency of every customer of the drafts, as one window-function
statement; `app.plan.rules.frequencies` specifies it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Subquery,
    and_,
    case,
    cast,
    except_,
    func,
    not_,
    or_,
    select,
)

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import ItemSource, PlannedFrequency, StrategyItem, VisitFrequency
from app.plan.rules.frequencies import UNRANKED
from app.plan.statements.month_plan_keys import (
    CUSTOMER,
    KEY,
    PLAN,
    REASON,
    REASON_COLUMNS,
    STATE,
    drafts,
    is_planned,
    proposed_keys,
    reason_rows,
    same_customer,
    same_plan,
)

FREQUENCY, ITEM = PlannedFrequency.__table__, StrategyItem.__table__

FREQUENCY_KEYS = ("company_id", "plan_id", "customer_id")
GENERATED_COLUMNS = (
    *FREQUENCY_KEYS, "is_key", "strategy_count", "direct_count", "effect_score", "amount_fen",
    "rank", "generated",
)  # fmt: skip
"""What generation decides; the other columns of a row are a person's or follow from both."""


def frequency_rows(
    scope: Scope, month: Month, parameters: Parameters, keys: Select[Any]
) -> Select[Any]:
    """A row per planned customer of the drafts in scope, in `GENERATED_COLUMNS`.

    `keys` are the key customers: `stored_keys` or `proposed_keys`. Customers opened after the
    month's first day are visited weekly and, like key customers, have no rank.
    """
    row = _standings(scope, month, keys)
    others = (row.c.plan_id, row.c.is_ranked)
    order = (
        row.c.strategy_count.desc(),
        row.c.direct_count.desc(),
        case((row.c.effect_score.is_(None), 1), else_=0),
        row.c.effect_score,
        row.c.amount_fen.desc(),
        row.c.code,
    )
    ranked = select(
        *row.c,
        func.row_number().over(partition_by=others, order_by=order).label("place"),
        func.count().over(partition_by=others).label("of"),
    ).subquery("ranked")
    top = _share(ranked.c["of"], parameters.frequency_top_percent)
    bottom = _share(ranked.c["of"], parameters.frequency_bottom_percent)
    # In this order the bottom gives way where both together exceed the count.
    band = case(
        (not_(ranked.c.is_ranked), VisitFrequency.WEEKLY.name),
        (ranked.c.place <= top, VisitFrequency.WEEKLY.name),
        (ranked.c.place > ranked.c["of"] - bottom, VisitFrequency.MONTHLY.name),
        else_=VisitFrequency.SEMIMONTHLY.name,
    )
    values = {
        **{name: ranked.c[name] for name in GENERATED_COLUMNS[:8]},
        "rank": case((ranked.c.is_ranked, ranked.c.place), else_=UNRANKED).label("rank"),
        "generated": cast(band, FREQUENCY.c.generated.type).label("generated"),
    }
    return select(*(values[name] for name in GENERATED_COLUMNS))


def _share(count: Any, percent: int) -> Any:
    """`rounded_share`: a half rounded up."""
    return (count * (2 * percent) + 100) // 200


def _standings(scope: Scope, month: Month, keys: Select[Any]) -> Subquery:
    """What every planned customer is ranked by."""
    draft, key = drafts(scope, month), keys.selected_columns
    items = _strategies(scope, month)
    # IN, not a join: SQLite joins what it has no index for by looking through all of it. Keys are
    # customers where they stand now, so each is in one plan of the month.
    is_key = CUSTOMER.c.id.in_(keys.with_only_columns(key.customer_id))
    is_new = CUSTOMER.c.open_date > month.first_day
    return (
        select(
            draft.c.company_id,
            draft.c.plan_id,
            CUSTOMER.c.id.label("customer_id"),
            CUSTOMER.c.code,
            is_key.label("is_key"),
            and_(not_(is_key), not_(is_new)).label("is_ranked"),
            func.coalesce(items.c.strategies, 0).label("strategy_count"),
            func.coalesce(items.c.direct, 0).label("direct_count"),
            STATE.c.effect_score,
            func.coalesce(STATE.c.amount_fen, 0).label("amount_fen"),
        )
        .join(
            CUSTOMER,
            and_(
                CUSTOMER.c.company_id == draft.c.company_id,
                is_planned(month, draft.c.territory_id),
            ),
        )
        .outerjoin(STATE, and_(same_customer(STATE), STATE.c.month == month))
        .outerjoin(items, and_(same_customer(items), items.c.territory_id == draft.c.territory_id))
        .subquery("standings")
    )


def _strategies(scope: Scope, month: Month) -> Subquery:
    """Strategies by customer in each territory's service plan of the month, marked or not."""
    is_direct = case((ITEM.c.source == ItemSource.DIRECT, 1), else_=0)
    rows = (
        select(
            ITEM.c.company_id,
            ITEM.c.territory_id,
            ITEM.c.customer_id,
            func.count().label("strategies"),
            func.sum(is_direct).label("direct"),
        )
        .where(scope.rows(ITEM), ITEM.c.month == month, not_(ITEM.c.is_removed))
        .group_by(ITEM.c.company_id, ITEM.c.territory_id, ITEM.c.customer_id)
    )
    return rows.subquery("strategies")


# ---------------------------------------------------------------------- what would change


def _changed_plans(scope: Scope, month: Month, parameters: Parameters) -> list[Select[Any]]:
    """Drafts in which a generation now would change a key customer, a reason or a row of the
    lists: (plan_id) of each kind of change. Several statements: SQLite parses none too deep.
    """
    draft = drafts(scope, month)

    def stored(table: Any, columns: tuple[str, ...]) -> Select[Any]:
        return select(*(table.c[name] for name in columns)).join(draft, same_plan(table, draft))

    keys = proposed_keys(scope, month)
    pairs = (
        (keys, stored(KEY, FREQUENCY_KEYS).where(not_(KEY.c.is_removed))),
        (reason_rows(scope, month), stored(REASON, REASON_COLUMNS)),
        (
            frequency_rows(scope, month, parameters, keys),
            stored(FREQUENCY, GENERATED_COLUMNS),
        ),
    )
    return [
        select(part.c.plan_id)
        for new, old in pairs
        for part in (except_(new, old).subquery(), except_(old, new).subquery())
    ]


def needs_generation(scope: Scope, month: Month, parameters: Parameters) -> ColumnElement[bool]:
    """Whether a draft is to be written: never generated, outdated, another parameter version, or
    another result.
    """
    return or_(
        PLAN.c.generated_at.is_(None),
        PLAN.c.is_outdated,
        PLAN.c.parameter_version.is_distinct_from(parameters.number),
        *(PLAN.c.id.in_(plans) for plans in _changed_plans(scope, month, parameters)),
    )
