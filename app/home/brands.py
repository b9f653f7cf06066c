"""A brand manager's view: changes of key brands, and where brands are abnormal (§1.3, §2.2-5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for
from sqlalchemy import and_, case, distinct, func, select
from sqlalchemy.orm import Session

from app.kernel.period import Month
from app.kernel.sql import count_if
from app.models import (
    BrandAnalysis,
    BrandAnalysisLine,
    Judgement,
    KeyProductSnapshot,
    Product,
    RateKind,
)

SHOWN = 10


@dataclass(frozen=True, slots=True)
class BrandAnomaly:
    """A product abnormal in `territories` of `analysed` territories; `rates`: (rate, territories)."""

    name: str
    territories: int
    analysed: int
    rates: tuple[tuple[RateKind, int], ...]
    url: str

    @property
    def percent(self) -> int:
        return 100 * self.territories // self.analysed if self.analysed else 0


@dataclass(frozen=True, slots=True)
class KeyChange:
    """`is_key`: whether the product became a key brand, else it no longer is one."""

    name: str
    is_key: bool


def brand_anomalies(session: Session, month: Month) -> list[BrandAnomaly]:
    """Products whose final judgement is abnormal somewhere, in most territories first."""
    line, is_abnormal = BrandAnalysisLine, BrandAnalysisLine.final_status == Judgement.ABNORMAL
    abnormal = func.count(distinct(case((is_abnormal, line.analysis_id))))
    rows = session.execute(
        select(
            Product.id,
            Product.name,
            abnormal.label("territories"),
            func.count(distinct(line.analysis_id)).label("analysed"),
            *(count_if(and_(is_abnormal, line.rate == rate)).label(rate.name) for rate in RateKind),
        )
        .select_from(BrandAnalysis)
        .join(
            line,
            and_(line.company_id == BrandAnalysis.company_id, line.analysis_id == BrandAnalysis.id),
        )
        .join(Product, Product.id == line.product_id)
        .where(BrandAnalysis.month == month)
        .group_by(Product.id, Product.name)
        .having(abnormal > 0)
        .order_by(abnormal.desc(), Product.name)
        .limit(SHOWN)
    )
    return [
        BrandAnomaly(
            row.name,
            row.territories,
            row.analysed,
            tuple((rate, row._mapping[rate.name]) for rate in RateKind if row._mapping[rate.name]),
            url_for("BrandAnalysisView.index", month=month.key),
        )
        for row in rows
    ]


def key_changes(session: Session, month: Month) -> Sequence[KeyChange]:
    """Products whose flag now differs from what was kept for the month."""
    kept = and_(
        KeyProductSnapshot.company_id == Product.company_id,
        KeyProductSnapshot.product_id == Product.id,
        KeyProductSnapshot.month == month,
    )
    was_key = KeyProductSnapshot.product_id.is_not(None)
    rows = session.execute(
        select(Product.name, Product.is_key)
        .outerjoin(KeyProductSnapshot, kept)
        .where(Product.is_key.is_(True) != was_key)
        .order_by(Product.is_key.desc(), Product.name)
    )
    return [KeyChange(name, bool(is_key)) for name, is_key in rows]
