"""§2.2 steps 2, 5, 6 — what can be computed without a person: at the start of a month and after
sales were imported.

The operating effect of the work month and the drafts of both analyses of the month before it,
territory by territory, each in a transaction of its own. Only what is missing or older than the
data is computed: generated strategies and completed analyses are never touched, and a person's
judgements in drafts stay.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.analysis.changed_inputs import months_reading
from app.analysis.computation import computation_of
from app.analysis.rules.computation import Computation
from app.analysis.step_02_customer_state import compute_effect
from app.analysis.territory_analyses import BRAND, MARKET, Steps
from app.jobs.job_context import JobContext, Outcome
from app.jobs.job_runs import RunKey, ended
from app.jobs.job_work import run_once
from app.jobs.queue import enqueue
from app.jobs.task_context import RunnerStopping, TaskContext
from app.kernel.actor import Actor, current_actor
from app.kernel.errors import N_, PlanningError
from app.kernel.period import Month
from app.kernel.scope import Scope
from app.master.parameters import current_parameters
from app.models import (
    AnalysisStatus,
    BrandTarget,
    RunState,
    StateRun,
    StateStatus,
    Task,
    Territory,
    TerritorySales,
)

JOB = TASK = "calculation"
COMPUTING = N_("Computing effect and anomalies")
OPEN = (StateStatus.NOT_COMPUTED, StateStatus.COMPUTED, StateStatus.EVALUATED)
"""States of step 2 before strategies are generated."""


class AtWorkElsewhere(PlanningError):
    """The same calculation is being made already."""

    msgid = N_("The same calculation is under way already.")


@dataclass(frozen=True, slots=True)
class Records:
    """What a company has for a month, by territory."""

    runs: dict[int, StateRun]
    brand: dict[int, Any]
    market: dict[int, Any]
    with_sales: frozenset[int]
    with_targets: frozenset[int]


def calculate(context: JobContext) -> Outcome:
    """Job: the month of the period."""
    session, company_id, month = context.session, context.company_id, context.month
    computation = computation_of(session, company_id, month.previous)
    ids = list(
        session.scalars(
            select(Territory.id).where(Territory.company_id == company_id).order_by(Territory.code)
        )
    )
    records = _records(session, company_id, month)
    session.expunge_all()
    computed = 0
    for number, territory_id in enumerate(ids, 1):
        if territory_id in records.with_sales:
            computed += _compute(session, company_id, territory_id, month, computation, records)
        context.part_done(number, len(ids), COMPUTING)
    return Outcome(
        computed,
        N_("%(month)s: %(count)s of %(total)s territories computed."),
        {"month": month.key, "count": computed, "total": len(ids)},
    )


def _records(session: Session, company_id: int, month: Month) -> Records:
    analysed = month.previous

    def by_territory(entity: Any, of: Month) -> dict[int, Any]:
        found = session.scalars(
            select(entity).where(entity.company_id == company_id, entity.month == of)
        )
        return {row.territory_id: row for row in found}

    def territories(entity: Any, *conditions: Any) -> frozenset[int]:
        found = session.scalars(
            select(entity.territory_id)
            .where(entity.company_id == company_id, *conditions)
            .distinct()
        )
        return frozenset(found)

    return Records(
        by_territory(StateRun, month),
        by_territory(BRAND.header, analysed),
        by_territory(MARKET.header, analysed),
        territories(TerritorySales, TerritorySales.month == analysed),
        territories(
            BrandTarget, BrandTarget.from_month <= analysed, BrandTarget.to_month >= analysed
        ),
    )


def _compute(
    session: Session,
    company_id: int,
    territory_id: int,
    month: Month,
    computation: Computation,
    records: Records,
) -> bool:
    """Whether anything of the territory was missing or older than the data."""
    scope, connection = Scope.of(company_id, [territory_id]), session.connection()
    is_effect_wanted = _is_wanted(
        records.runs.get(territory_id), computation, OPEN, StateStatus.NOT_COMPUTED
    )
    if is_effect_wanted:
        compute_effect(connection, scope, month, computation)
    wanted: list[Steps] = []
    if territory_id in records.with_targets and _is_draft(
        records.brand.get(territory_id), computation
    ):
        wanted.append(BRAND)
    if _is_draft(records.market.get(territory_id), computation):
        wanted.append(MARKET)
    for steps in wanted:
        steps.compute(connection, scope, computation)
    return is_effect_wanted or bool(wanted)


def _is_draft(analysis: Any, computation: Computation) -> bool:
    return _is_wanted(analysis, computation, (AnalysisStatus.DRAFT,), None)


def _is_wanted(
    record: Any, computation: Computation, open_states: Collection[Any], first_state: Any
) -> bool:
    """Missing, or still open and made from older data or parameters."""
    if record is None or record.status is first_state:
        return True
    if record.status not in open_states:
        return False
    return bool(
        record.data_batch_id != computation.data_batch_id
        or record.parameter_version != computation.parameters.number
        or getattr(record, "stale_since", None) is not None
    )


# ---------------------------------------------------------------------- after an import


def queue_after_import(
    session: Session, company_id: int, batch_id: int, months: Collection[Month]
) -> Task | None:
    """Ask for it when sales that the present work month reads were written; the caller commits."""
    month = Month.current()
    looked_back = current_parameters(session, company_id).abnormal_active_base_months
    if month not in months_reading(months, looked_back):
        return None
    return enqueue(
        TASK,
        _("Effect and anomalies of %(month)s after an import", month=month.key),
        {"company": company_id, "month": month.key, "batch": batch_id},
        current_actor(),
        company_id,
    )


def run(context: TaskContext) -> dict[str, Any]:
    """The task: the same run as the job's, with the import as part of its period."""
    company_id, month = int(context.params["company"]), context.params["month"]
    user = context.user
    actor = Actor(user.id, user.display_name, "job") if user is not None else None
    key = RunKey(JOB, company_id, f"{month} #{context.params['batch']}")
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    state = run_once(app, key, context.is_stopping, actor=actor, progress=context.progress)
    if state is None and context.is_stopping():
        raise RunnerStopping
    context.check()
    found = ended(context.engine, key)
    if found is None or found[0] is RunState.RUNNING:
        raise AtWorkElsewhere
    state, sentence, values = found
    if state is not RunState.DONE:
        raise PlanningError(sentence, **values)
    return {"text": _(sentence, **values), "endpoint": "StateView.list", "values": {}}
