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
    and_,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    tuple_,
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
    RowOrigin,
    ServicePlan,
    ServicePlanStatus,
)
from app.plan.rules.computation import PlanComputation
from app.plan.statements.month_plan_frequencies import (
    FREQUENCY,
    FREQUENCY_KEYS,
    GENERATED_COLUMNS,
    frequency_rows,
    needs_generation,
)
from app.plan.statements.month_plan_keys import (
    BRAND,
    CUSTOMER,
    KEY,
    MARKET,
    PLAN,
    REASON,
    REASON_COLUMNS,
    drafts,
    is_draft,
    is_planned,
    key_customer_rows,
    proposed_keys,
    reason_rows,
    same_customer,
    same_plan,
    stored_keys,
)

__all__ = ["frequency_rows", "key_customer_rows", "proposed_keys", "stored_keys"]

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
    due = connection.execute(
        select(PLAN.c.id, PLAN.c.territory_id).where(
            is_draft(opened, month), needs_generation(opened, month, parameters)
        )
    ).all()
    if not due:
        return []
    own = Scope.of(scope.company_id, [row.territory_id for row in due])
    _write_keys(connection, own, month)
    _write_frequencies(connection, own, month, parameters)
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


def rank_again(connection: Connection, scope: Scope, month: Month, parameters: Parameters) -> None:
    """Frequencies anew after a person changed key customers; the drafts' keys stay as they are.
    The caller counts up the plan's version.
    """
    _write_frequencies(connection, scope, month, parameters)


def _write_keys(connection: Connection, scope: Scope, month: Month) -> None:
    draft = drafts(scope, month)
    plan_ids = select(draft.c.plan_id)
    keys = proposed_keys(scope, month).subquery("keys")
    connection.execute(delete(REASON).where(scope.company(REASON), REASON.c.plan_id.in_(plan_ids)))
    connection.execute(insert(REASON).from_select(list(REASON_COLUMNS), reason_rows(scope, month)))
    connection.execute(
        delete(KEY).where(
            scope.company(KEY),
            KEY.c.plan_id.in_(plan_ids),
            not_(KEY.c.is_removed),
            tuple_(KEY.c.plan_id, KEY.c.customer_id).not_in(
                select(keys.c.plan_id, keys.c.customer_id)
            ),
        )
    )
    columns = {
        **{name: keys.c[name] for name in FREQUENCY_KEYS},
        "origin": cast(RowOrigin.AUTOMATIC.name, KEY.c.origin.type),
        "is_removed": literal(value=False),
    }
    is_stored = exists().where(same_plan(KEY, keys), same_customer(KEY, keys))
    connection.execute(
        insert(KEY).from_select(list(columns), select(*columns.values()).where(not_(is_stored)))
    )


def _write_frequencies(
    connection: Connection, scope: Scope, month: Month, parameters: Parameters
) -> None:
    draft = drafts(scope, month)
    belongs = exists().where(
        PLAN.c.company_id == FREQUENCY.c.company_id,
        PLAN.c.id == FREQUENCY.c.plan_id,
        CUSTOMER.c.company_id == FREQUENCY.c.company_id,
        CUSTOMER.c.id == FREQUENCY.c.customer_id,
        is_planned(month, PLAN.c.territory_id),
    )
    connection.execute(
        delete(FREQUENCY).where(
            scope.company(FREQUENCY),
            FREQUENCY.c.plan_id.in_(select(draft.c.plan_id)),
            not_(belongs),
        )
    )
    rows = frequency_rows(scope, month, parameters, stored_keys(scope, month)).subquery("rows")
    columns = {
        **{name: rows.c[name] for name in GENERATED_COLUMNS},
        "frequency": rows.c.generated.label("frequency"),
        "origin": cast(RowOrigin.AUTOMATIC.name, FREQUENCY.c.origin.type),
    }
    is_manual = FREQUENCY.c.origin == RowOrigin.MANUAL
    upsert(
        connection,
        FREQUENCY,
        FREQUENCY_KEYS,
        list(columns),
        select(*columns.values()).where(literal(1) == literal(1)),
        values=lambda new: {
            "frequency": case((is_manual, FREQUENCY.c.frequency), else_=new.generated),
            "origin": FREQUENCY.c.origin,
        },
    )


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
