"""§2.2 steps 3 and 4 for pages and jobs: brand targets of a territory and their customer lists.

Connects the statements of both steps with the session. Records are found through the session, so
within the row scope. The caller commits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.analysis import step_03_brand_target as target_step
from app.analysis import step_04_target_customer as list_step
from app.analysis.changed_inputs import watched_changed
from app.analysis.rules.targets import MonthRange, TargetDraft, is_locked
from app.analysis.step_03_brand_target import TargetsRefused
from app.analysis.step_04_target_customer import CustomerFilter
from app.kernel.actor import current_actor
from app.kernel.errors import OutOfScope
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.models import (
    AnalysisStatus,
    BrandAnalysis,
    BrandTarget,
    Customer,
    CustomerStatus,
    RateKind,
    TargetCustomer,
    Territory,
)

__all__ = ["CustomerFilter", "MonthRange", "TargetDraft", "TargetsRefused"]

TARGET_FIELDS: Mapping[RateKind, str] = {
    RateKind.LISTING: "listing",
    RateKind.ACTIVE: "active",
    RateKind.STOCKOUT: "stockout",
    RateKind.REPURCHASE: "repurchase",
}
"""Rate → field of `TargetDraft`; the column is the same with ``_target``."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A watched product and the months it is watched in."""

    id: int
    code: str
    name: str
    ranges: tuple[MonthRange, ...]

    def missing(self, months: MonthRange) -> list[Month]:
        """Months of the range in which the product is not watched."""
        return [
            month
            for month in months.first.through(months.last)
            if not any(row.covers(month) for row in self.ranges)
        ]


def own_scope(territory: Territory) -> Scope:
    return Scope(territory.company_id, (territory.id,))


def offered_products(session: Session, territory: Territory, months: MonthRange) -> list[Offered]:
    """Products watched in the territory's department in one of the months, by code."""
    found: dict[int, list[Any]] = {}
    statement = target_step.offered_products(own_scope(territory), territory.id, months)
    for row in session.connection().execute(statement):
        found.setdefault(row.id, []).append(row)
    return [
        Offered(
            rows[0].id,
            rows[0].code,
            rows[0].name,
            tuple(MonthRange(row.from_month, row.to_month) for row in rows),
        )
        for rows in found.values()
    ]


def latest_before(session: Session, territory: Territory, month: Month) -> dict[int, BrandTarget]:
    """Product → its last target that began before the month, to copy from."""
    rows = session.scalars(
        select(BrandTarget)
        .where(BrandTarget.territory_id == territory.id, BrandTarget.from_month < month)
        .order_by(BrandTarget.from_month)
    )
    return {row.product_id: row for row in rows}


def add(session: Session, territory: Territory, drafts: Sequence[TargetDraft]) -> None:
    """Errors: `TargetsRefused` with every problem."""
    target_step.add_targets(
        session.connection(), own_scope(territory), territory.id, drafts, current_actor().user_id
    )
    _outdate(session, own_scope(territory), *(draft.months for draft in drafts))
    session.expire_all()


def change(session: Session, target: BrandTarget, draft: TargetDraft) -> None:
    """Errors: `TargetLocked`, `TargetsRefused`."""
    before = MonthRange(target.from_month, target.to_month)
    target_step.change_target(
        session.connection(),
        Scope(target.company_id, (target.territory_id,)),
        target.id,
        draft,
        utc_now(),
        current_actor().user_id,
    )
    _outdate(session, _scope(target), before, draft.months)
    session.expire_all()


def remove(session: Session, target: BrandTarget) -> None:
    """Errors: `TargetLocked`."""
    scope = Scope(target.company_id, (target.territory_id,))
    before = MonthRange(target.from_month, target.to_month)
    target_step.remove_target(session.connection(), scope, target.id)
    _outdate(session, scope, before)
    session.expire_all()


def locking_months(session: Session, targets: Iterable[BrandTarget]) -> dict[int, list[Month]]:
    """Target → months of its range whose brand analysis is completed."""
    rows = list(targets)
    completed: dict[int, list[Month]] = {}
    for territory_id, month in session.execute(
        select(BrandAnalysis.territory_id, BrandAnalysis.month)
        .where(
            BrandAnalysis.territory_id.in_({row.territory_id for row in rows}),
            BrandAnalysis.status == AnalysisStatus.COMPLETED,
        )
        .order_by(BrandAnalysis.month)
    ):
        completed.setdefault(territory_id, []).append(month)
    found = {}
    for row in rows:
        months = MonthRange(row.from_month, row.to_month)
        own = completed.get(row.territory_id, [])
        if is_locked(months, own):
            found[row.id] = [month for month in own if months.covers(month)]
    return found


def list_sizes(session: Session, target_ids: Collection[int]) -> dict[int, int]:
    """Target → customers on its list."""
    rows = session.execute(
        select(TargetCustomer.target_id, func.count(TargetCustomer.customer_id))
        .where(TargetCustomer.target_id.in_(target_ids), TargetCustomer.removed_revision.is_(None))
        .group_by(TargetCustomer.target_id)
    )
    return {row[0]: row[1] for row in rows}


# ---------------------------------------------------------------------- step 4


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """A customer of a preview or a list."""

    id: int
    code: str
    name: str


def matching(session: Session, target: BrandTarget, chosen: CustomerFilter) -> list[ListedCustomer]:
    """The valid customers of the target's territory that meet the filter, by code."""
    statement = list_step.matching_customers(_scope(target), target, chosen)
    rows = session.connection().execute(statement)
    return [ListedCustomer(row.id, row.code, row.name) for row in rows]


def listed(session: Session, target: BrandTarget) -> list[ListedCustomer]:
    """The present list, by code."""
    rows = session.connection().execute(list_step.present_list(_scope(target), target.id))
    return [ListedCustomer(row.customer_id, row.code, row.name) for row in rows]


def history(session: Session, target: BrandTarget) -> list[Any]:
    """The saved changes of the list, newest first."""
    return list(session.connection().execute(list_step.history_rows(_scope(target), target.id)))


def save_list(
    session: Session, target: BrandTarget, customer_ids: Collection[int], chosen: CustomerFilter
) -> int:
    """Make the customers the list; returns the revision. Errors: `OutOfScope`, `ListLocked`."""
    revision = list_step.save_list(
        session.connection(),
        _scope(target),
        target.id,
        customer_ids,
        chosen,
        utc_now(),
        current_actor().user_id,
    )
    _outdate(session, _scope(target), MonthRange(target.from_month, target.to_month))
    session.expire_all()
    return revision


def _outdate(session: Session, scope: Scope, *ranges: MonthRange) -> None:
    """Results of step 2 look for problems with the products of a target."""
    for months in ranges:
        watched_changed(session.connection(), scope, months.first, months.last)


def lines_of_territory(session: Session, territory_id: int) -> list[str]:
    """The visit lines of the territory's valid customers."""
    return [
        line
        for line in session.scalars(
            select(Customer.line)
            .where(Customer.territory_id == territory_id, Customer.status == CustomerStatus.ACTIVE)
            .distinct()
            .order_by(Customer.line)
        )
        if line
    ]


def target_by_id(session: Session, target_id: int | None) -> BrandTarget:
    """Errors: `OutOfScope`."""
    found = session.scalar(select(BrandTarget).where(BrandTarget.id == target_id))
    if found is None:
        raise OutOfScope
    return found


def _scope(target: BrandTarget) -> Scope:
    return Scope(target.company_id, (target.territory_id,))
