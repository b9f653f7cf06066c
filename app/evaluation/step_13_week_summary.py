"""§2.2 step 13 — week summary: volume, average value per carton, growth of key brands.

Reads: sales_line, product, key_product_snapshot, market_target, calendar_day
Writes: week_summary, week_summary_line
Grain: territory × first day of the week; line = indicator
Units: sticks, fen; targets in hundredths of the indicator's unit
Nulls: a zero denominator is UNDETERMINED, a missing target NO_TARGET
Errors: `GateClosed` when the summary cannot be submitted yet
Ambiguity: "截至到当前日期" is the earliest of today, the week's last day and the month's last day;
    progress of the volume is compared with the share of elapsed workdays; the growth compares the
    same days of last year

The caller owns the transaction.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import Select, and_, case, func, or_, select
from sqlalchemy.orm import Session

from app.evaluation.rules import WeekPeriod
from app.kernel.errors import N_, GateClosed
from app.kernel.scope import Scope
from app.kernel.sql import whole
from app.models import (
    KeyProductSnapshot,
    MarketTarget,
    Product,
    SalesLine,
    WeekIndicator,
    WeekSummary,
    WeekSummaryLine,
)

LINE, PRODUCT = SalesLine.__table__, Product.__table__
KEY, TARGET = KeyProductSnapshot.__table__, MarketTarget.__table__


class TextsMissing(GateClosed):
    """A summary without a word is no summary."""

    msgid = N_("Write about the arrangement and the effect of the week before you submit.")


class NotJudged(GateClosed):
    """The figures of the week were never computed."""

    msgid = N_("Compute the figures of the week before you submit.")


def week_sums(scope: Scope, period: WeekPeriod) -> Select[Any]:
    """One row per territory with sales: (territory_id, and the fields of `rules.WeekSums`).

    Key brands are those of the month's snapshot, in both years.
    """
    first, last = period.month.first_day, period.as_of
    first_before, last_before = period.month.shift(-12).first_day, period.last_year_as_of
    sticks = LINE.c.delivered_cartons * PRODUCT.c.sticks_per_carton
    is_key = KEY.c.product_id.is_not(None)
    now = LINE.c.order_date.between(first, last)
    before = LINE.c.order_date.between(first_before, last_before)

    def total(condition: Any, value: Any, name: str) -> Any:
        return whole(func.coalesce(func.sum(case((condition, value), else_=0)), 0)).label(name)

    return (
        select(
            LINE.c.territory_id,
            total(now, sticks, "sticks"),
            total(now, LINE.c.amount_fen, "amount_fen"),
            total(and_(now, is_key), sticks, "key_sticks"),
            total(and_(before, is_key), sticks, "key_last_year_sticks"),
        )
        .select_from(
            LINE.join(PRODUCT, PRODUCT.c.id == LINE.c.product_id).outerjoin(
                KEY,
                and_(
                    KEY.c.company_id == LINE.c.company_id,
                    KEY.c.month == period.month,
                    KEY.c.product_id == LINE.c.product_id,
                ),
            )
        )
        .where(scope.rows(LINE), or_(now, before))
        .group_by(LINE.c.territory_id)
    )


def month_targets(scope: Scope, period: WeekPeriod) -> Select[Any]:
    """(territory_id, indicator, value in hundredths) of the three indicators, from step 6."""
    codes = [member.name for member in WeekIndicator]
    return select(TARGET.c.territory_id, TARGET.c.indicator, TARGET.c.value).where(
        scope.rows(TARGET), TARGET.c.month == period.month, TARGET.c.indicator.in_(codes)
    )


def daily_sums(scope: Scope, first: dt.date, last: dt.date) -> Select[Any]:
    """(order_date, sticks, amount_fen): the days of a period, for the chart of the progress."""
    return (
        select(
            LINE.c.order_date,
            whole(func.sum(LINE.c.delivered_cartons * PRODUCT.c.sticks_per_carton)).label("sticks"),
            whole(func.sum(LINE.c.amount_fen)).label("amount_fen"),
        )
        .join(PRODUCT, PRODUCT.c.id == LINE.c.product_id)
        .where(scope.rows(LINE), LINE.c.order_date.between(first, last))
        .group_by(LINE.c.order_date)
        .order_by(LINE.c.order_date)
    )


def require_submittable(session: Session, record: WeekSummary) -> None:
    """Guard of the approval flow. Errors: `NotJudged`, `TextsMissing`."""
    statuses = session.scalars(
        select(WeekSummaryLine.final_status).where(
            WeekSummaryLine.company_id == record.company_id,
            WeekSummaryLine.summary_id == record.id,
        )
    ).all()
    if not statuses:
        raise NotJudged
    if not (record.arrangement_text and record.effect_text):
        raise TextsMissing(field="arrangement_text")
