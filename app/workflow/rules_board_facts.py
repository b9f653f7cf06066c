"""From the records and counts of a territory to the facts of its fourteen steps, as pure rules.

States of records are the names of their code lists. What each step counts is written in
docs/formulas.md ("Step board").
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.kernel.errors import N_
from app.kernel.period import Month, WorkWeek
from app.workflow.rules_board import StepFacts
from app.workflow.steps import Milestone

NEWER: Mapping[str, str] = {
    "sales": N_("Sales were imported since the figures were computed."),
    "targets": N_("Targets were changed since the figures were computed."),
    "parameters": N_("Parameters were changed since the figures were computed."),
    "calendar": N_("The work calendar was changed since the figures were computed."),
}
"""Why figures are outdated, by what became newer."""

NEWER_SALES = NEWER["sales"]
STATES_OUTDATED = N_("Customers, sales or settings changed since the states were generated.")
NEWER_STATES = N_("The operating states were generated again since; generate the strategies again.")
PLAN_OUTDATED = N_("The service strategies came back since; generate the month plan again.")

GENERATED = frozenset({"GENERATED", "STALE"})
APPROVED = frozenset({"APPROVED", "RESULT_SUBMITTED", "RESULT_APPROVED"})


@dataclass(frozen=True, slots=True)
class StateRecord:
    """How far step 2 is; counts are those of its list of customers."""

    status: str
    customers: int
    new_customers: int
    scored_customers: int
    batch_id: int | None
    generated_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AnalysisRecord:
    """Of step 5 or 6. `changes`: what became newer since it was computed, keys of `NEWER`."""

    status: str
    changes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """A record that is submitted. `day`: of a week, its first."""

    status: str
    is_returned: bool = False
    is_outdated: bool = False
    generated_at: dt.datetime | None = None
    batch_id: int | None = None
    day: dt.date | None = None


@dataclass(slots=True)
class TerritoryRecords:
    """Everything the board knows about a territory and work month."""

    customers: int = 0
    confirmed: int = 0
    state: StateRecord | None = None
    watched: int = 0
    targeted: int = 0
    targets: int = 0
    listed: int = 0
    brand: AnalysisRecord | None = None
    market: AnalysisRecord | None = None
    service_plans: dict[Month, FlowRecord] = field(default_factory=dict)
    month_plan: FlowRecord | None = None
    planned_customers: int = 0
    week_visits: Sequence[int] = ()
    visits_due: int = 0
    visits_recorded: int = 0
    visits_open_since: dt.date | None = None
    first_visit: dt.date | None = None
    next_first_visit: dt.date | None = None
    arranged: list[dt.date] = field(default_factory=list)
    items: int = 0
    items_marked: int = 0
    week_summaries: list[FlowRecord] = field(default_factory=list)
    month_summary: FlowRecord | None = None


@dataclass(frozen=True, slots=True)
class BoardPeriod:
    """The month and its work weeks; `starts`: week → its first workday, weeks without one left out.

    `weeks` are those `TerritoryRecords.week_visits` counts.
    """

    month: Month
    today: dt.date
    weeks: tuple[WorkWeek, ...]
    starts: Mapping[WorkWeek, dt.date]

    @property
    def is_over(self) -> bool:
        return self.weeks[-1].sunday < self.today


def facts_of(
    records: TerritoryRecords, period: BoardPeriod, batch_id: int | None
) -> dict[int, StepFacts]:
    """Step number → its facts; `batch_id`: the company's newest sales import."""
    plan = records.service_plans.get(period.month)
    return {
        1: _needs(records, plan),
        2: _states(records, batch_id),
        3: _counted(records.targeted, records.watched, has_input=records.watched > 0),
        4: _counted(records.listed, records.targets),
        5: _analysis(records, records.brand),
        6: _analysis(records, records.market),
        7: _service_plan(records, plan),
        8: _month_plan(records.month_plan),
        9: _counted(
            records.planned_customers, records.customers, is_begun=any(records.week_visits)
        ),
        10: _arrangements(records, period),
        11: _visits(records, period),
        12: _marks(records, plan),
        13: _week_summaries(records, period, batch_id),
        14: _month_summary(records.month_summary, batch_id),
    }


def _counted(done: int, total: int, *, is_begun: bool = False, has_input: bool = True) -> StepFacts:
    """A step that is made when every part is."""
    done = min(done, total)
    made = 0 < total <= done
    begun = Milestone.BEGUN if done or is_begun else Milestone.NOTHING
    return StepFacts(done, total, Milestone.MADE if made else begun, has_input=has_input)


def _needs(records: TerritoryRecords, plan: FlowRecord | None) -> StepFacts:
    """Once the plan that uses the answers is submitted, further ones come too late."""
    facts = _counted(records.confirmed, records.customers)
    if facts.done and plan is not None and plan.status != "DRAFT":
        return StepFacts(facts.done, facts.total, Milestone.MADE)
    return facts


def _states(records: TerritoryRecords, batch_id: int | None) -> StepFacts:
    """Customers whose effect is computed and whose ability is scored; new ones are not rated.

    A territory without customers has nothing to generate and holds nobody up.
    """
    run = records.state
    if run is None:
        reached = Milestone.NOTHING if records.customers else Milestone.MADE
        return StepFacts(0, records.customers, reached)
    done = min(run.new_customers + run.scored_customers, run.customers)
    if run.status in GENERATED:
        stale = STATES_OUTDATED if run.status == "STALE" else None
        return StepFacts(done, run.customers, Milestone.MADE, stale=stale)
    stale = NEWER_SALES if run.batch_id != batch_id else None
    return StepFacts(done, run.customers, Milestone.BEGUN, stale=stale)


def _analysis(records: TerritoryRecords, analysis: AnalysisRecord | None) -> StepFacts:
    """What became newer asks for something until the month plan made from it is submitted."""
    if analysis is None:
        return StepFacts(0, 1)
    is_complete = analysis.status == "COMPLETED"
    plan = records.month_plan
    is_used = is_complete and plan is not None and plan.status != "DRAFT"
    return StepFacts(
        int(is_complete),
        1,
        Milestone.MADE if is_complete else Milestone.BEGUN,
        stale=NEWER[analysis.changes[0]] if analysis.changes and not is_used else None,
    )


def _reached(status: str) -> Milestone:
    """How far a service or month plan is."""
    if status in APPROVED:
        return Milestone.APPROVED
    return Milestone.BEGUN if status == "DRAFT" else Milestone.SUBMITTED


def _service_plan(records: TerritoryRecords, plan: FlowRecord | None) -> StepFacts:
    if plan is None:
        return StepFacts(0, 1)
    reached = _reached(plan.status)
    is_draft = reached is Milestone.BEGUN
    run = records.state
    is_older = (
        plan.generated_at is not None
        and run is not None
        and run.generated_at is not None
        and run.generated_at > plan.generated_at
    )
    return StepFacts(
        int(reached is Milestone.APPROVED),
        1,
        reached,
        is_returned=is_draft and plan.is_returned,
        stale=NEWER_STATES if is_draft and is_older else None,
    )


def _month_plan(plan: FlowRecord | None) -> StepFacts:
    if plan is None:
        return StepFacts(0, 1)
    reached = _reached(plan.status)
    return StepFacts(
        int(reached is Milestone.APPROVED),
        1,
        reached,
        is_returned=reached is Milestone.BEGUN and plan.is_returned,
        stale=PLAN_OUTDATED if plan.is_outdated else None,
    )


def open_weeks(records: TerritoryRecords, period: BoardPeriod) -> list[WorkWeek]:
    """Weeks that can be arranged: visits are planned and one of their months is approved.

    A week's content comes from the plan of each date's month, so the first and last week of a
    month may be open through the plan of a neighbour.
    """
    approved = {month for month, plan in records.service_plans.items() if plan.status in APPROVED}
    return [
        week
        for week, visits in zip(period.weeks, records.week_visits, strict=False)
        if visits and approved & {Month.of(week.monday), Month.of(week.sunday)}
    ]


def _arrangements(records: TerritoryRecords, period: BoardPeriod) -> StepFacts:
    """Work weeks with an arrangement that begins in them, of those with a workday."""
    missing = [
        start
        for week, start in period.starts.items()
        if not any(week.monday <= day <= week.sunday for day in records.arranged)
    ]
    total = len(period.starts)
    done = total - len(missing)
    begun = Milestone.BEGUN if done else Milestone.NOTHING
    return StepFacts(
        done,
        total,
        begun if missing else Milestone.MADE,
        open_since=next((day for day in missing if day < period.today), None),
        is_open=bool(open_weeks(records, period)),
    )


def _visits(records: TerritoryRecords, period: BoardPeriod) -> StepFacts:
    """Visits recorded, done or missed, of those due up to today."""
    done, total = records.visits_recorded, records.visits_due
    is_made = period.is_over and 0 < total <= done
    begun = Milestone.BEGUN if done else Milestone.NOTHING
    return StepFacts(
        done,
        total,
        Milestone.MADE if is_made else begun,
        open_since=records.visits_open_since,
        is_open=bool(open_weeks(records, period)),
    )


def _marks(records: TerritoryRecords, plan: FlowRecord | None) -> StepFacts:
    """Items with ★ or a reason, of those planned; approved with the result of the plan."""
    reached = Milestone.BEGUN if records.items_marked else Milestone.NOTHING
    is_returned = False
    if plan is not None:
        if plan.status == "RESULT_APPROVED":
            reached = Milestone.APPROVED
        elif plan.status == "RESULT_SUBMITTED":
            reached = Milestone.SUBMITTED
        is_returned = plan.status == "APPROVED" and plan.is_returned
    return StepFacts(records.items_marked, records.items, reached, is_returned=is_returned)


def _week_summaries(
    records: TerritoryRecords, period: BoardPeriod, batch_id: int | None
) -> StepFacts:
    """Weeks of the month that are past and whose summary is submitted."""
    past = [week for week in period.weeks if week.sunday < period.today]
    submitted = [row.day for row in records.week_summaries if row.status != "DRAFT" and row.day]
    drafts = [row for row in records.week_summaries if row.status == "DRAFT"]
    missing = [
        week.sunday
        for week in past
        if not any(week.monday <= day <= week.sunday for day in submitted)
    ]
    begun = Milestone.BEGUN if records.week_summaries else Milestone.NOTHING
    return StepFacts(
        len(past) - len(missing),
        len(past),
        Milestone.SUBMITTED if period.is_over and not missing else begun,
        is_returned=any(row.is_returned for row in drafts),
        stale=NEWER_SALES if any(row.batch_id != batch_id for row in drafts) else None,
        open_since=next(iter(missing), None),
        opens_on=period.weeks[0].monday,
    )


def _month_summary(summary: FlowRecord | None, batch_id: int | None) -> StepFacts:
    if summary is None:
        return StepFacts(0, 1)
    is_draft = summary.status == "DRAFT"
    return StepFacts(
        int(not is_draft),
        1,
        Milestone.BEGUN if is_draft else Milestone.SUBMITTED,
        is_returned=is_draft and summary.is_returned,
        stale=NEWER_SALES if is_draft and summary.batch_id != batch_id else None,
    )
