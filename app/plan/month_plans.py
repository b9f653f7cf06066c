"""§2.2 step 8 for pages, jobs and the demo: making, generating and adjusting month plans.

Connects the statements of the step with the session and the present person. What a person changes
goes through the session, so it is guarded there; key customers and frequencies are logged here as
changes of the plan. The caller commits.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.errors import N_, OutOfScope, PlanningError, StaleVersion
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.kernel.sql_lots import lots
from app.kernel.texts import TooLong, kept_text
from app.master.parameters import current_parameters, parameters_in
from app.master.rules_parameters import Parameters
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    CustomerStatus,
    KeyCustomer,
    KeyCustomerReason,
    MonthPlan,
    PlannedFrequency,
    RowOrigin,
    ServicePlan,
    VisitFrequency,
)
from app.plan import step_08_month_plan as step
from app.plan.computation import plan_computation
from app.workflow.flow import require_editable

LONGEST_TEXT = step.LONGEST_TEXT
LONGEST_NOTE = 200
NAMES_LOGGED = 20


class NothingChosen(PlanningError):
    """The form was sent without a choice."""

    msgid = N_("Choose at least one customer.")


class NotPlanned(PlanningError):
    """A customer the plan has no row for."""

    msgid = N_("The customer is not in the lists of this plan. Generate the plan first.")


class NoteMissing(PlanningError):
    """A person who decides otherwise than the rule says why."""

    msgid = N_("Say why the frequency differs from the rule's.")


class KeyChange(enum.Enum):
    """What a person does with key customers."""

    ADD = "add"
    REMOVE = "remove"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class PlanTexts:
    """上月片区问题, 本月重点, 拜访计划内容."""

    last_problems: str
    focus: str
    visit_notes: str


def own_scope(plan: MonthPlan) -> Scope:
    """The scope of the statements that work on one plan."""
    return Scope(plan.company_id, (plan.territory_id,))


def plan_of(session: Session, territory_id: int, month: Month) -> MonthPlan | None:
    """The plan of a territory and month within the row scope; None before there is one."""
    found: MonthPlan | None = session.scalar(
        select(MonthPlan).where(MonthPlan.territory_id == territory_id, MonthPlan.month == month)
    )
    return found


def plan_by_id(session: Session, plan_id: int | None) -> MonthPlan:
    """Errors: `OutOfScope`."""
    found: MonthPlan | None = session.scalar(select(MonthPlan).where(MonthPlan.id == plan_id))
    if found is None:
        raise OutOfScope
    return found


def service_plan_of(session: Session, territory_id: int, month: Month) -> ServicePlan | None:
    """Step 7's plan, which opens the gate."""
    found: ServicePlan | None = session.scalar(
        select(ServicePlan).where(
            ServicePlan.territory_id == territory_id, ServicePlan.month == month
        )
    )
    return found


def parameters_of(session: Session, plan: MonthPlan) -> Parameters:
    """The parameters the plan was generated with; the present ones before."""
    if plan.parameter_version is None:
        return current_parameters(session, plan.company_id)
    return parameters_in(session, plan.company_id, plan.parameter_version)


# ---------------------------------------------------------------------- making and generating


def create(session: Session, scope: Scope, month: Month) -> int:
    """Make the plans that are missing in scope and generate all its drafts; how many were written.

    Errors: `ServicePlanMissing` when the gate is closed everywhere, `NoDraft`.
    """
    computation = plan_computation(session, scope.company_id)
    step.create(session.connection(), scope, month, computation)
    written = step.generate(session.connection(), scope, month, computation)
    session.expire_all()
    return len(written)


def generate(session: Session, plan: MonthPlan, version: int | None) -> bool:
    """Generate a plan again; whether anything changed.

    Errors: `RecordLocked`, `StaleVersion`, `ServicePlanMissing`.
    """
    _require_draft(session, plan, version)
    computation = plan_computation(session, plan.company_id)
    written = step.generate(session.connection(), own_scope(plan), plan.month, computation)
    session.expire_all()
    return bool(written)


def _require_draft(session: Session, plan: MonthPlan, version: int | None) -> None:
    session.refresh(plan, with_for_update=True)
    require_editable(plan)
    if version != plan.version:
        raise StaleVersion


# ---------------------------------------------------------------------- reading


def frequencies_of(session: Session, plan: MonthPlan) -> dict[int, PlannedFrequency]:
    """Customer → row of the lists."""
    rows = session.scalars(
        select(PlannedFrequency)
        .where(PlannedFrequency.company_id == plan.company_id, PlannedFrequency.plan_id == plan.id)
        .execution_options(populate_existing=True)
    )
    return {row.customer_id: row for row in rows}


def reasons_of(session: Session, plan: MonthPlan) -> dict[int, list[KeyCustomerReason]]:
    """Customer → the reasons kept by the last generation, problem customers first."""
    rows = session.scalars(
        select(KeyCustomerReason)
        .where(
            KeyCustomerReason.company_id == plan.company_id, KeyCustomerReason.plan_id == plan.id
        )
        .order_by(
            KeyCustomerReason.customer_id,
            KeyCustomerReason.kind.desc(),
            KeyCustomerReason.product_id,
            KeyCustomerReason.indicator,
            KeyCustomerReason.code,
        )
    )
    found: dict[int, list[KeyCustomerReason]] = {}
    for row in rows:
        found.setdefault(row.customer_id, []).append(row)
    return found


# ---------------------------------------------------------------------- adjusting


def save_texts(session: Session, plan: MonthPlan, version: int | None, texts: PlanTexts) -> None:
    """Errors: `RecordLocked`, `StaleVersion`, `TooLong`."""
    _require_draft(session, plan, version)
    for name in ("last_problems", "focus", "visit_notes"):
        setattr(plan, name, kept_text(getattr(texts, name), name, LONGEST_TEXT))
    session.flush()


@dataclass(slots=True)
class _Log:
    """Names of customers for one row of the change log."""

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)


def change_keys(
    session: Session,
    plan: MonthPlan,
    version: int | None,
    change: KeyChange,
    customer_ids: Collection[int],
    note: str = "",
) -> int:
    """Add, remove or restore key customers; the lists follow at once. How many changed.

    Errors: `RecordLocked`, `StaleVersion`, `NothingChosen`, `TooLong`, `OutOfScope` for a customer
    that is not a valid one of the territory.
    """
    _require_draft(session, plan, version)
    note = _checked_note(note)
    if not customer_ids:
        raise NothingChosen(field="customer")
    customers = _customers(session, plan, customer_ids)
    stored = {
        row.customer_id: row
        for row in session.scalars(
            select(KeyCustomer).where(
                KeyCustomer.company_id == plan.company_id, KeyCustomer.plan_id == plan.id
            )
        )
    }
    caused = reasons_of(session, plan)
    log = _Log()
    for customer in customers:
        row = stored.get(customer.id)
        is_key = row is not None and not row.is_removed
        if is_key == (change is not KeyChange.REMOVE):
            continue
        (log.before if is_key else log.after).append(str(customer))
        if row is None:
            row = KeyCustomer(
                company_id=plan.company_id,
                plan_id=plan.id,
                customer_id=customer.id,
                origin=RowOrigin.MANUAL,
                note=note or None,
            )
            session.add(row)
        elif is_key and customer.id not in caused:
            session.delete(row)  # nothing would bring it back
        else:
            row.is_removed = is_key
            row.note = note or None
    changed = len(log.before) + len(log.after)
    if changed:
        _touch(session, plan, "key_customers", log)
        session.flush()
        step.rank_again(
            session.connection(), own_scope(plan), plan.month, parameters_of(session, plan)
        )
        session.expire_all()
    return changed


def override(
    session: Session,
    plan: MonthPlan,
    version: int | None,
    customer_id: int,
    frequency: VisitFrequency | None,
    note: str,
) -> None:
    """Set a customer's frequency by hand; None follows the rule again.

    Errors: `RecordLocked`, `StaleVersion`, `OutOfScope`, `NotPlanned`, `NoteMissing`, `TooLong`.
    """
    _require_draft(session, plan, version)
    note = _checked_note(note)
    customer = _customers(session, plan, [customer_id])[0]
    row = session.get(PlannedFrequency, (plan.company_id, plan.id, customer_id))
    if row is None:
        raise NotPlanned
    if frequency is not None and not note:
        raise NoteMissing(field="note")
    before = row.frequency
    row.frequency = frequency or row.generated
    row.origin = RowOrigin.AUTOMATIC if frequency is None else RowOrigin.MANUAL
    row.note = note if frequency is not None else None
    log = _Log(*([f"{customer}: {value.label}"] for value in (before, row.frequency)))
    _touch(session, plan, "frequencies", log, reason=note)
    session.flush()


def _checked_note(note: str) -> str:
    note = note.replace("\x00", "").strip()
    if len(note) > LONGEST_NOTE:
        raise TooLong(field="note", most=LONGEST_NOTE)
    return note


def _customers(session: Session, plan: MonthPlan, ids: Collection[int]) -> list[Customer]:
    """The valid customers of the plan's territory with these ids. Errors: `OutOfScope`."""
    found: list[Customer] = []
    for lot in lots(set(ids)):
        found += session.scalars(
            select(Customer).where(
                Customer.company_id == plan.company_id,
                Customer.territory_id == plan.territory_id,
                Customer.status == CustomerStatus.ACTIVE,
                Customer.open_date <= plan.month.last_day,
                Customer.id.in_(lot),
            )
        )
    if len(found) != len(set(ids)):
        raise OutOfScope
    return sorted(found, key=lambda customer: customer.code)


def _touch(
    session: Session, plan: MonthPlan, name: str, log: _Log, reason: str | None = None
) -> None:
    """Count up the plan's version, so that open forms notice, and log what its rows became."""
    plan.updated_at = utc_now()
    actor = current_actor()
    session.add(
        ChangeLog(
            company_id=plan.company_id,
            user_id=actor.user_id,
            user_name=actor.name,
            source=actor.source,
            reason=reason or actor.reason,
            entity=MonthPlan.__name__,
            record_id=plan.id,
            record_label=str(plan)[:200],
            action=ChangeAction.CHANGED,
            changes={name: [_shortened(log.before), _shortened(log.after)]},
        )
    )


def _shortened(names: Sequence[str]) -> list[str]:
    """The log keeps so many names of a bulk change, and how many more there were."""
    rest = len(names) - NAMES_LOGGED
    return [*names[:NAMES_LOGGED], *([f"+{rest}"] if rest > 0 else [])]
