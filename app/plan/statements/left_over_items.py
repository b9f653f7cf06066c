"""§2.2 step 7 — last month's unfinished strategies, offered to be carried over."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, not_, select

from app.kernel.period import Month
from app.kernel.scope import Scope
from app.models import Customer, CustomerStatus, ItemMark, ItemSource, StrategyItem

ITEM, CUSTOMER = StrategyItem.__table__, Customer.__table__


def left_over_rows(scope: Scope, month: Month) -> Select[Any]:
    """Last month's unfinished items of valid customers who stand in scope now: (item_id,
    territory_id, customer_id, strategy_id, content, undone_reason, undone_note). Offered, never
    taken over by themselves; those carried over already are left out.
    """
    taken = ITEM.alias("taken")
    return (
        select(
            ITEM.c.id.label("item_id"),
            CUSTOMER.c.territory_id,
            ITEM.c.customer_id,
            ITEM.c.strategy_id,
            ITEM.c.content,
            ITEM.c.undone_reason,
            ITEM.c.undone_note,
        )
        .join(
            CUSTOMER,
            and_(CUSTOMER.c.company_id == ITEM.c.company_id, CUSTOMER.c.id == ITEM.c.customer_id),
        )
        .where(
            scope.company(ITEM),
            scope.rows(CUSTOMER),
            CUSTOMER.c.status == CustomerStatus.ACTIVE,
            ITEM.c.month == month.previous,
            ITEM.c.mark == ItemMark.OPEN,
            not_(ITEM.c.is_removed),
            ITEM.c.source != ItemSource.TEMPORARY,
            not_(
                exists().where(
                    taken.c.company_id == ITEM.c.company_id,
                    taken.c.customer_id == ITEM.c.customer_id,
                    taken.c.month == month,
                    taken.c.carried_from_id == ITEM.c.id,
                    not_(taken.c.is_removed),
                )
            ),
        )
        .order_by(CUSTOMER.c.code, ITEM.c.strategy_id, ITEM.c.sequence)
    )
