"""§2.2 step 7 for pages and jobs: making, generating and adjusting the service plans of territories.

Connects the statements of the step with the session and the present person and writes the change
log, which statements bypass. What is changed through the session is logged and guarded there: a
submitted plan is read-only. The caller commits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    ItemSource,
    ServicePlan,
    ServicePlanStatus,
    ServiceStrategy,
    StrategyItem,
    Territory,
)
from app.plan import step_07_service_strategy as step
from app.plan.computation import plan_computation
from app.plan.rules.strategies import LONGEST_CONTENT, Change
from app.security.change_log import plain
from app.workflow.flow import require_editable

HIGHEST_TARGET = 1000
LABEL_LENGTH = 200


class TargetRefused(PlanningError):
    """A satisfaction target that is none."""

    msgid = N_("The satisfaction target is a number from 0 to 100 with at most one decimal.")


class ListNotEmpty(PlanningError):
    """“None this month” contradicts a list with strategies."""

    msgid = N_("There are strategies in the list. Remove them before stating that there are none.")


class ContentMissing(PlanningError):
    """What is to be done has to be said."""

    msgid = N_("Say what is to be done.")


def own_scope(plan: ServicePlan) -> Scope:
    """The scope of the statements that work on one plan."""
    return Scope(plan.company_id, (plan.territory_id,))


def plan_of(session: Session, territory_id: int, month: Month) -> ServicePlan | None:
    """The plan of a territory and month within the row scope; None before there is one."""
    found: ServicePlan | None = session.scalar(
        select(ServicePlan)
        .where(ServicePlan.territory_id == territory_id, ServicePlan.month == month)
        .execution_options(populate_existing=True)
    )
    return found


def plan_by_id(session: Session, plan_id: int | None) -> ServicePlan:
    """Errors: `OutOfScope`."""
    found: ServicePlan | None = session.scalar(select(ServicePlan).where(ServicePlan.id == plan_id))
    if found is None:
        raise OutOfScope
    return found


def submitted_territories(session: Session, month: Month) -> set[int]:
    """Territories whose plan of the month is no draft any more: their needs stay confirmed."""
    return set(
        session.scalars(
            select(ServicePlan.territory_id).where(
                ServicePlan.month == month, ServicePlan.status != ServicePlanStatus.DRAFT
            )
        )
    )


# ---------------------------------------------------------------------- making and generating


def ensure_plan(session: Session, territory: Territory, month: Month) -> ServicePlan:
    """The plan of the territory; an empty draft when there was none."""
    step.create_plan(
        session.connection(),
        Scope(territory.company_id, (territory.id,)),
        month,
        plan_computation(session, territory.company_id),
    )
    plan = plan_of(session, territory.id, month)
    if plan is None:
        raise OutOfScope
    return plan


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    """What generating would do with a customer's strategy; texts None = there is none."""

    customer_id: int
    strategy_id: int
    item_id: int | None
    change: Change
    old_content: str | None
    old_source: ItemSource | None
    was_proposed: str | None
    new_content: str | None
    new_source: ItemSource | None


def differences(session: Session, plan: ServicePlan) -> list[DifferenceRow]:
    """All that differs between the plan and what would be generated now; a draft only."""
    rows = session.connection().execute(step.difference_rows(own_scope(plan), plan.month))
    return [
        DifferenceRow(
            row.customer_id,
            row.strategy_id,
            row.item_id,
            Change[row.change],
            row.old_content,
            _source(row.old_source),
            row.was_proposed,
            row.new_content,
            _source(row.new_source),
        )
        for row in rows
        if row.change != Change.UNCHANGED.name
    ]


def _source(value: Any) -> ItemSource | None:
    if value is None or isinstance(value, ItemSource):
        return value
    return ItemSource[str(value)]


def generate(session: Session, territory: Territory, month: Month) -> Counter[Change]:
    """Generate the territory's plan, made if need be; how many items were added, updated,
    dropped, kept. Errors: those of `step_07_service_strategy.generate`.
    """
    plan = ensure_plan(session, territory, month)
    rows = differences(session, plan)
    was_generated = plan.generated_at
    step.generate(
        session.connection(),
        own_scope(plan),
        month,
        plan_computation(session, territory.company_id),
    )
    session.expire_all()
    counts = Counter(row.change for row in rows)
    plan = plan_by_id(session, plan.id)
    _log_generation(session, plan, rows, counts, was_generated)
    return counts


def counts_words(counts: Mapping[Change, int]) -> str:
    """The outcome of a generation in a sentence."""
    return _(
        "%(added)d added, %(updated)d changed, %(dropped)d dropped, %(kept)d kept by hand.",
        added=counts.get(Change.ADDED, 0),
        updated=counts.get(Change.UPDATED, 0),
        dropped=counts.get(Change.DROPPED, 0),
        kept=counts.get(Change.KEPT, 0) + counts.get(Change.TOMBSTONE, 0),
    )


def _log_generation(
    session: Session,
    plan: ServicePlan,
    rows: Iterable[DifferenceRow],
    counts: Mapping[Change, int],
    was_generated: Any,
) -> None:
    """The plan's row of the log, and one for every item that was changed or dropped."""
    changes: dict[str, list[Any]] = {
        "generated_at": [plain(was_generated), plain(plan.generated_at)],
        "items": [None, counts_words(counts)],
    }
    entries = [_entry(plan, "ServicePlan", plan.id, str(plan), ChangeAction.CHANGED, changes)]
    lost = [row for row in rows if row.change in {Change.UPDATED, Change.DROPPED}]
    names = _item_names(session, plan, lost) if lost else {}
    for row in lost:
        pairs = {
            "content": [row.old_content, row.new_content],
            "source": [plain(row.old_source), plain(row.new_source)],
        }
        action = ChangeAction.CHANGED if row.change is Change.UPDATED else ChangeAction.DELETED
        entries.append(
            _entry(
                plan,
                "StrategyItem",
                row.item_id,
                names[row.customer_id, row.strategy_id],
                action,
                {name: pair for name, pair in pairs.items() if pair[0] != pair[1]},
            )
        )
    session.connection().execute(insert(ChangeLog.__table__), entries)


def _entry(
    plan: ServicePlan,
    entity: str,
    record_id: int | None,
    name: str,
    action: ChangeAction,
    changes: dict[str, list[Any]],
) -> dict[str, Any]:
    actor = current_actor()
    return {
        "company_id": plan.company_id,
        "at": utc_now(),
        "user_id": actor.user_id,
        "user_name": actor.name,
        "source": actor.source,
        "reason": actor.reason,
        "entity": entity,
        "record_id": record_id,
        "record_label": name[:LABEL_LENGTH],
        "action": action,
        "changes": changes,
    }


def _item_names(
    session: Session, plan: ServicePlan, rows: Iterable[DifferenceRow]
) -> dict[tuple[int, int], str]:
    customers = customer_names(session, plan, {row.customer_id for row in rows})
    strategies = {
        row.id: str(row)
        for row in session.scalars(
            select(ServiceStrategy).where(ServiceStrategy.company_id == plan.company_id)
        )
    }
    return {
        (row.customer_id, row.strategy_id): (
            f"{customers.get(row.customer_id, row.customer_id)} · {strategies[row.strategy_id]}"
        )
        for row in rows
    }


def customer_names(
    session: Session, plan: ServicePlan, customer_ids: Collection[int]
) -> dict[int, str]:
    """Id → name, as far as the customers are in sight."""
    rows = session.execute(
        select(Customer.id, Customer.name).where(
            Customer.company_id == plan.company_id, Customer.territory_id == plan.territory_id
        )
    )
    return {key: name for key, name in rows if key in customer_ids}


# ---------------------------------------------------------------------- adjusting


def save_settings(
    session: Session,
    plan: ServicePlan,
    version: int | None,
    target: int | None,
    *,
    is_empty_accepted: bool,
) -> None:
    """Target in tenths. Errors: `RecordLocked`, `StaleVersion`, `TargetRefused`, `ListNotEmpty`."""
    require_editable(plan)
    if version != plan.version:
        raise StaleVersion
    if target is not None and not 0 <= target <= HIGHEST_TARGET:
        raise TargetRefused(field="satisfaction_target")
    if is_empty_accepted and _has_items(session, plan):
        raise ListNotEmpty(field="is_empty_accepted")
    plan.satisfaction_target = target
    plan.is_empty_accepted = is_empty_accepted
    session.flush()


def _has_items(session: Session, plan: ServicePlan) -> bool:
    own = select(StrategyItem.id).where(
        StrategyItem.company_id == plan.company_id,
        StrategyItem.plan_id == plan.id,
        StrategyItem.is_removed.is_(False),
    )
    return session.scalar(own.limit(1)) is not None


def add_item(
    session: Session, plan: ServicePlan, customer: Customer, strategy: ServiceStrategy, content: str
) -> StrategyItem:
    """A strategy by hand. One that was removed comes back; one that is there gets a second line.

    Errors: `RecordLocked`, `OutOfScope` (customer of another territory), `ContentMissing`.
    """
    require_editable(plan)
    content = clean(content)
    if (customer.company_id, customer.territory_id) != (plan.company_id, plan.territory_id):
        raise OutOfScope
    if strategy.company_id != plan.company_id:
        raise OutOfScope
    if not content:
        raise ContentMissing(field="content")
    same = same_items(session, plan, customer.id, strategy.id)
    removed = next((row for row in same if row.is_removed), None)
    if removed is not None:
        removed.content, removed.is_touched, removed.is_removed = content, True, False
        item = removed
    else:
        item = StrategyItem(
            company_id=plan.company_id,
            plan_id=plan.id,
            territory_id=plan.territory_id,
            month=plan.month,
            customer_id=customer.id,
            strategy_id=strategy.id,
            sequence=max((row.sequence for row in same), default=-1) + 1,
            source=ItemSource.MANUAL,
            content=content,
            is_touched=True,
        )
        session.add(item)
    plan.is_empty_accepted = False
    session.flush()
    return item


def clean(text: str | None) -> str:
    """A content as it is stored."""
    return (text or "").replace("\x00", "").strip()[:LONGEST_CONTENT]


def same_items(
    session: Session, plan: ServicePlan, customer_id: int, strategy_id: int
) -> list[StrategyItem]:
    """The plan's items of a customer and strategy, removed ones too, by sequence."""
    return list(
        session.scalars(
            select(StrategyItem)
            .where(
                StrategyItem.company_id == plan.company_id,
                StrategyItem.plan_id == plan.id,
                StrategyItem.customer_id == customer_id,
                StrategyItem.strategy_id == strategy_id,
            )
            .order_by(StrategyItem.sequence)
        )
    )


def set_removed(session: Session, items: Collection[StrategyItem], *, removed: bool) -> int:
    """Remove items from their plans, or bring them back; returns how many changed.

    Errors: `RecordLocked` when a plan was submitted.
    """
    changing = [item for item in items if item.is_removed is not removed]
    for item in changing:
        item.is_removed = removed
    session.flush()
    return len(changing)
