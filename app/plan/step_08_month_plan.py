"""§2.2 step 8 — the month plan: key customers and visit frequencies, written back on approval.

Reads: customer, customer_state, customer_problem, brand_analysis, brand_analysis_line,
    market_analysis, market_analysis_line, service_plan, strategy_item
Writes: month_plan, key_customer, key_customer_reason, planned_frequency, customer, change_log
Grain: month plan company × territory × work month M; rows plan × customer
Units: amounts in fen, effect scores in hundredths
Nulls: `generated_at` empty = never generated; a customer without effect score ranks after those
    with one
Errors: `ServicePlanMissing`, `NoDraft`, and those of the flow: `NotGenerated`, `TextMissing`,
    `ToBeGeneratedAgain`
Ambiguity: key customers are the union of both kinds (domain §9-5); problems are those of step 2 in
    M, abnormal figures those of M − 1, drafts of the analyses included; customers opened after the
    first day of M are visited weekly and not ranked

Only drafts are written. Customers a person added or removed and frequencies a person set stay.
The caller owns the transaction. `month` is the work month M.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from app.kernel.actor import current_actor
from app.kernel.dialect import upsert
from app.kernel.errors import N_, GateClosed, InvalidTransition, PlanningError
from app.kernel.period import Month, utc_now
from app.kernel.scope import Scope
from app.master.rules_parameters import Parameters
from app.models import (
    ChangeAction,
    ChangeLog,
    Customer,
    CustomerStatus,
    FrequencySource,
    MonthPlan,
    MonthPlanStatus,
    ServicePlan,
    ServicePlanStatus,
)
from app.plan.rules.computation import PlanComputation
from app.plan.statements.month_plan_frequencies import (
    FREQUENCY,
    frequency_rows,
    needs_generation,
)
from app.plan.statements.month_plan_keys import (
    BRAND,
    CUSTOMER,
    MARKET,
    PLAN,
    is_draft,
    key_customer_rows,
    proposed_keys,
    reason_rows,
    stored_keys,
)
from app.plan.statements.month_plan_writing import write_keys, write_lists

__all__ = ["frequency_rows", "key_customer_rows", "proposed_keys", "reason_rows", "stored_keys"]

SERVICE_PLAN, LOG = ServicePlan.__table__, ChangeLog.__table__
PLAN_KEYS = ("company_id", "territory_id", "month")
LONGEST_TEXT = 2000


class ServicePlanMissing(GateClosed):
    """Frequencies go by the number of strategies, so step 7 comes first."""

    msgid = N_("The service strategies of the month have to be submitted first.")


class NoDraft(InvalidTransition):
    """There is no plan that may still be written."""

    msgid = N_("The plan was submitted; only a draft can be generated.")


class NotGenerated(GateClosed):
    """A plan without lists plans nothing."""

    msgid = N_("Generate the key customers and frequencies before submitting.")


class TextMissing(PlanningError):
    """The manual asks for both texts (§2.2-8)."""

    msgid = N_(
        "Enter last month's problems of the territory and the focus of this month before "
        "submitting."
    )


class ToBeGeneratedAgain(GateClosed):
    """The plan was made from strategies that changed since."""

    msgid = N_(
        "The service strategies came back after this plan was made. They have to be submitted, and "
        "this plan taken back and generated again."
    )


# ---------------------------------------------------------------------- creating


def is_open(scope: Scope, month: Month) -> ColumnElement[bool]:
    """The gate: whether a service plan of the month in scope is submitted, or further."""
    return and_(
        scope.rows(SERVICE_PLAN),
        SERVICE_PLAN.c.month == month,
        SERVICE_PLAN.c.status != ServicePlanStatus.DRAFT,
    )


def open_scope(connection: Connection, scope: Scope, month: Month) -> Scope:
    """The territories in scope whose gate is open. Errors: `ServicePlanMissing` when none is."""
    found = connection.scalars(select(SERVICE_PLAN.c.territory_id).where(is_open(scope, month)))
    opened = Scope.of(scope.company_id, found)
    if not opened.territory_ids:
        raise ServicePlanMissing
    return opened


def create(
    connection: Connection, scope: Scope, month: Month, computation: PlanComputation
) -> None:
    """A draft for every territory in scope that has none and whose gate is open, with the texts
    of last month's analyses. What exists stays as it is, its row locked.

    Errors: `ServicePlanMissing` when no gate is open.
    """
    scope = open_scope(connection, scope, month)
    columns = {
        "company_id": SERVICE_PLAN.c.company_id,
        "territory_id": SERVICE_PLAN.c.territory_id,
        "month": SERVICE_PLAN.c.month,
        "status": cast(MonthPlanStatus.DRAFT.name, PLAN.c.status.type),
        "last_problems": _both(BRAND.c.problems, MARKET.c.problems),
        "focus": _both(BRAND.c.next_focus, MARKET.c.next_focus),
        "is_outdated": literal(value=False),
        "version": literal(1),
        "created_at": literal(computation.now),
        "updated_at": literal(computation.now),
        "created_by": literal(computation.user_id, PLAN.c.created_by.type),
        "updated_by": literal(computation.user_id, PLAN.c.updated_by.type),
    }
    source = SERVICE_PLAN
    for header in (BRAND, MARKET):
        source = source.outerjoin(
            header,
            and_(
                header.c.company_id == SERVICE_PLAN.c.company_id,
                header.c.territory_id == SERVICE_PLAN.c.territory_id,
                header.c.month == month.previous,
            ),
        )
    upsert(
        connection,
        PLAN,
        PLAN_KEYS,
        list(columns),
        select(*columns.values()).select_from(source).where(is_open(scope, month)),
        values=lambda _new: {name: PLAN.c[name] for name in columns if name not in PLAN_KEYS},
    )


def _both(one: Any, other: Any) -> Any:
    """The texts of both analyses, each on lines of its own; one of them where they are equal."""
    texts = [func.nullif(func.trim(text), "") for text in (one, other)]
    joined = texts[0].concat("\n").concat(texts[1])
    whole = case((texts[0] == texts[1], texts[0]), else_=func.coalesce(joined, *texts))
    return func.substr(whole, 1, LONGEST_TEXT)


# ---------------------------------------------------------------------- generation


def generate(
    connection: Connection, scope: Scope, month: Month, computation: PlanComputation
) -> list[int]:
    """Write key customers and frequencies as they are now into the drafts in scope; the ids of
    the plans written. Where nothing changed nothing is written, not even the version.

    Errors: `ServicePlanMissing` when no gate is open, `NoDraft` when no plan is a draft.
    """
    opened = open_scope(connection, scope, month)
    present = connection.scalars(
        select(PLAN.c.id).where(is_draft(opened, month)).with_for_update()
    ).all()
    if not present:
        raise NoDraft
    parameters = computation.parameters
    due = connection.execute(due_plans(opened, month, parameters)).all()
    if not due:
        return []
    own = Scope.of(scope.company_id, [row.territory_id for row in due])
    write_keys(connection, own, month)
    write_lists(connection, own, month, parameters)
    connection.execute(
        update(PLAN)
        .where(is_draft(own, month))
        .values(
            is_outdated=False,
            generated_at=computation.now,
            generated_by=computation.user_id,
            parameter_version=parameters.number,
            version=PLAN.c.version + 1,
            updated_at=computation.now,
            updated_by=computation.user_id,
        )
    )
    return [row.id for row in due]


def due_plans(scope: Scope, month: Month, parameters: Parameters) -> Select[Any]:
    """The drafts in scope that generating now would write: (id, territory_id)."""
    return select(PLAN.c.id, PLAN.c.territory_id).where(
        is_draft(scope, month), needs_generation(scope, month, parameters)
    )


def rank_again(connection: Connection, scope: Scope, month: Month, parameters: Parameters) -> None:
    """Frequencies anew after a person changed key customers; the drafts' keys stay as they are.
    The caller counts up the plan's version.
    """
    write_lists(connection, scope, month, parameters)


# ---------------------------------------------------------------------- the approval flow


def require_submittable(session: Session, plan: MonthPlan) -> None:
    """Errors: `NotGenerated`, `ToBeGeneratedAgain`, `TextMissing`."""
    if plan.generated_at is None:
        raise NotGenerated
    require_current(session, plan)
    if not (plan.last_problems or "").strip() or not (plan.focus or "").strip():
        raise TextMissing(field="last_problems")


def require_current(session: Session, plan: MonthPlan) -> None:
    """Errors: `ToBeGeneratedAgain` when the service plan came back since, or is a draft now."""
    own = Scope(plan.company_id, (plan.territory_id,))
    gate = select(SERVICE_PLAN.c.id).where(is_open(own, plan.month))
    if plan.is_outdated or session.connection().scalar(gate) is None:
        raise ToBeGeneratedAgain


def write_frequencies(session: Session, plan: MonthPlan) -> None:
    """§1.1: the plan's frequencies become the customers', set by the system; the change log keeps
    what each had before. Customers who closed or left the territory meanwhile stay as they are.
    """
    connection, actor, now = session.connection(), current_actor(), utc_now()
    of_plan = and_(
        FREQUENCY.c.company_id == plan.company_id,
        FREQUENCY.c.plan_id == plan.id,
        FREQUENCY.c.customer_id == CUSTOMER.c.id,
    )
    planned = select(FREQUENCY.c.frequency).where(of_plan).scalar_subquery()
    concerned = and_(
        CUSTOMER.c.company_id == plan.company_id,
        CUSTOMER.c.territory_id == plan.territory_id,
        CUSTOMER.c.status == CustomerStatus.ACTIVE,
        exists().where(of_plan),
        or_(
            CUSTOMER.c.visit_frequency.is_distinct_from(planned),
            CUSTOMER.c.frequency_source.is_distinct_from(FrequencySource.SYSTEM),
        ),
    )
    changing = connection.execute(
        select(
            CUSTOMER.c.id,
            CUSTOMER.c.code,
            CUSTOMER.c.name,
            CUSTOMER.c.visit_frequency,
            CUSTOMER.c.frequency_source,
            planned.label("planned"),
        )
        .where(concerned)
        .order_by(CUSTOMER.c.code)
    ).all()
    connection.execute(
        update(CUSTOMER)
        .where(concerned)
        .values(
            visit_frequency=planned,
            frequency_source=FrequencySource.SYSTEM,
            version=CUSTOMER.c.version + 1,
            updated_at=now,
            updated_by=actor.user_id,
        )
    )
    if changing:
        heads = {
            "company_id": plan.company_id,
            "at": now,
            "user_id": actor.user_id,
            "user_name": actor.name,
            "source": actor.source,
            "reason": actor.reason,
            "entity": Customer.__name__,
            "action": ChangeAction.CHANGED,
        }
        connection.execute(insert(LOG), [{**heads, **_logged(row)} for row in changing])
    for item in list(session.identity_map.values()):
        if isinstance(item, Customer):
            session.expire(item)


def _logged(row: Any) -> dict[str, Any]:
    """A customer's row of the change log: old and new of what changes."""
    pairs = {
        "visit_frequency": (row.visit_frequency, row.planned),
        "frequency_source": (row.frequency_source, FrequencySource.SYSTEM),
    }
    return {
        "record_id": row.id,
        "record_label": f"{row.code} {row.name}"[:200],
        "changes": {
            name: [getattr(old, "name", None), new.name]
            for name, (old, new) in pairs.items()
            if old is not new
        },
    }
